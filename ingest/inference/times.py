"""How dates and times are written in a column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from ingest.inference.values import met_by_all
from ingest.inference.words import snake_case
from ingest.sql import literal

_ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?)?"
_OFFSET = " ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)"
_ISO_TIME = f"{_ISO_DATE}([ T]{_CLOCK}({_OFFSET})?)?"
_DAY_FIRST = [f"%d{s}%m{s}{year}" for year in ("%Y", "%y") for s in ("/", "-", ".")]
_DATES = [
    *_DAY_FIRST,
    *(
        text.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")
        for text in _DAY_FIRST
    ),
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y-%m-%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d. %B %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%Y%m%d",
]
_SHAPES = {
    "%Y": "[0-9]{4}",
    "%B": "[A-Za-z]{3,9}",
    "%b": "[A-Za-z]{3}",
    "%f": "[0-9]{1,6}",
    "%p": "[AaPp][Mm]",
    **dict.fromkeys(("%y", "%M", "%S"), "[0-9]{2}"),
    **dict.fromkeys(("%d", "%m", "%H", "%I"), "[0-9]{1,2}"),
}
_CLOCKS = ["%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p"]
_PATTERNS = [
    *_DATES,
    *(
        f"{day}{gap}{clock}"
        for day in _DATES
        for clock in _CLOCKS
        for gap in (" ", "T", ", ")
    ),
]


@dataclass(frozen=True)
class Written:
    """A type and how its values are written.

    Attributes
    ----------
    format
        As a contract says it; None: as in ISO 8601.
    other
        Another format in which all values can be read, with other days.
    """

    data_type: str
    format: str | None = None
    other: str | None = None
    doubt: str | None = None


def written_times(name: str, values: duckdb.DuckDBPyRelation) -> Written | None:
    """Return how the values of column ``v`` are written if all are dates or times."""
    is_day, is_time, has_offset = values.aggregate(
        f"""bool_and(regexp_full_match(v, '{_ISO_DATE}')
            and try_cast(v as date) is not null),
        bool_and(regexp_full_match(v, '{_ISO_TIME}')
            and try_cast(left(v, 10) as date) is not null),
        bool_or(regexp_matches(v, ':[0-9.]+{_OFFSET}$'))"""
    ).fetchone()
    if is_day:
        return Written("date")
    if is_time:
        doubt = "times state their own offset" if has_offset else None
        return Written("timestamp", doubt=doubt)
    found = [
        pattern
        for pattern in met_by_all(values, _CONDITIONS)
        if pattern != "%Y%m%d" or _is_compact_day(name, values)
    ]
    if not found:
        return None
    first, other = found[0], None
    for pattern in found[1:]:
        if pattern == first.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m"):
            other = pattern
    clock = any(letter in first for letter in ("%H", "%I"))
    return Written("timestamp" if clock else "date", first, other)


def choose_order(
    times: dict[str, Written], day_first: bool, why: str
) -> dict[str, Written]:
    """Return how columns are written whose days may as well be months.

    Parameters
    ----------
    times
        Column name to how it is written; columns of one table are written alike.
    day_first, why
        What to take where no column tells, and for which reason.
    """
    sure = [w.format for w in times.values() if w.format and not w.other]
    for pattern in sure:
        if {"%d", "%m"} <= set(_letters(pattern)):
            day_first, why = _is_day_first(pattern), "as another column is written"
    return {
        name: written
        if written.other is None
        else _ordered(written, day_first or "." in (written.format or ""), why)
        for name, written in times.items()
    }


def _ordered(written: Written, day_first: bool, why: str) -> Written:
    chosen, other = sorted(
        (written.format, written.other), key=lambda p: _is_day_first(p) != day_first
    )
    if "." in chosen.partition(" ")[0]:
        why = "as dates with points are written"
    doubt = f"no day is above 12, so it may be {other}; taken {why}"
    return Written(written.data_type, chosen, other, doubt)


def _is_day_first(pattern: str) -> bool:
    return pattern.index("%d") < pattern.index("%m")


def _letters(pattern: str) -> Sequence[str]:
    return [f"%{part[0]}" for part in pattern.split("%")[1:]]


def _reads(pattern: str) -> tuple[str, str]:
    """Return what a value looks like that is written so, and the SQL that reads it."""
    shape = "".join(
        re.escape(part) if n % 2 == 0 else _SHAPES[part]
        for n, part in enumerate(re.split("(%[A-Za-z])", pattern))
    )
    if pattern == "%Y%m%d":
        shape = "[0-9]{8}"
    moment = f"try_strptime(v, {literal(pattern)})"
    # Two digits are read as the years of the Romans.
    return shape, f"coalesce(year({moment}) between 1600 and 2999, false)"


def _is_compact_day(name: str, values: duckdb.DuckDBPyRelation) -> bool:
    """Return whether numbers of eight digits are days."""
    tokens = set(snake_case(name).split("_"))
    if tokens & {"date", "day", "datum", "dob", "birth", "fecha", "jour", "tag"}:
        return True
    return values.aggregate(
        """bool_and(length(v) = 8) and count(distinct v) >= 20
            and min(v) >= '19000101' and max(v) < '2100'"""
    ).fetchone()[0]


_CONDITIONS = {pattern: _reads(pattern) for pattern in _PATTERNS}
