"""What the names of export files say: in which order they are, and when they came."""

import contextlib
import re
from datetime import datetime
from pathlib import PurePosixPath

# Month-first dates are not read: nobody could tell them from these.
# A time must be told from the number of a part: 20261122T0815, 202611220815,
# 2026-11-22_08-15-00 and 20261122_081500, but not 2026-11-22_0815 nor 20261122_000001.
_MOMENT = re.compile(
    r"(?<!\d)"
    r"(?:(?P<year_first>20\d\d([-_.]?)[01]\d\2[0-3]\d)"
    r"|(?P<day_first>[0-3]\d(?P<dot>[-.])[01]\d(?P=dot)20\d\d))"
    r"(?:(?P<time>[Tt]?[0-2]\d[-:.]?[0-5]\d(?:[-:.]?[0-5]\d)?"
    r"|[-_ ](?!00\d{4})(?:[01]\d|2[0-3])([-_:.]?)[0-5]\d\6[0-5]\d))?"
    r"(?!\d)"
)
# One inside the other; without their names, two digits are hardly anything else.
_DAY = re.compile(
    r"(?<![^/])(?:(20\d\d)/([01]\d)/([0-3]\d)|year=(20\d\d)/month=(\d\d?)/day=(\d\d?))"
    r"(?![^/])"
)


def in_order_of_names(name: str) -> list[str | int]:
    """Return what sorts names as people do: sales_9 before sales_10."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def last_moment(name: str) -> datetime | None:
    """Return the date in a name, with the time if there is one.

    2026-11-22 (also with dots, underscores or nothing between) or 22.11.2026 (also with
    dashes); of several the last one, for one of a period is delivered at its end.
    """
    found = []
    for match in _MOMENT.finditer(name):
        texts = match.group("year_first", "day_first", "time")
        day, first, time_ = (re.sub(r"\D", "", text or "") for text in texts)
        digits = (day or first[4:] + first[2:4] + first[:2]) + time_
        pairs = (int(digits[place : place + 2]) for place in range(4, len(digits), 2))
        with contextlib.suppress(ValueError):
            found.append(datetime(int(digits[:4]), *pairs))
    return max(found, default=None)


def day_of_folders(path: PurePosixPath) -> datetime | None:
    """Return the date that folders tell together: 2026/01/31, year=2026/month=1/day=31.

    Of several the innermost one.
    """
    found = None
    for match in _DAY.finditer(str(path.parent)):
        with contextlib.suppress(ValueError):
            found = datetime(*map(int, filter(None, match.groups())))
    return found
