"""What names of files, sheets and archived files say of the table that they hold."""

import glob
import os
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path, PurePath

from ingest.inference.words import snake_case

_ENDING = re.compile(
    r"\.(csv|tsv|txt|dat|jsonl?|ndjson|parquet|xlsx|xlsm|zip)(\.gz|\.zst)?$", re.I
)
# A year, or what is longer, behind letters; KNA1 and Q3 are names.
_DATE_BEHIND = r"(?<=[A-Za-z])(?:(?:19|20)\d\d|\d{6,})(?!\d)"
_OPEN = rf"(?:(?<![A-Za-z\d])\d|{_DATE_BEHIND})[\d._-]*(?:T\d[\d._-]*Z?)?"
_SUFFIX = re.compile(r"\.[a-z]+(\.gz|\.zst)?$", re.I)


def table_name(name: str) -> str:
    """Return what a name says without its dates and numbers; '' if nothing.

    >>> table_name("Orders_2026-01.csv")
    'orders'
    """
    name = re.sub(r"(?<=\d)T(?=\d)|(?<=\d)Z\b", "_", name)
    words = re.sub(_DATE_BEHIND, "", _stem(name)).split("_")
    return _identifier("_".join(word for word in words if not word.isdigit()))


def places_of(paths: Sequence[Path]) -> dict[Path, PurePath]:
    """Return where the files of a source lie below its folder.

    Right in it; if several have one name, in the folders of dates in which they are.
    """
    if len({path.name for path in paths}) == len(paths):
        return {path: PurePath(path.name) for path in paths}
    found = {}
    for path in paths:
        dates = takewhile(
            lambda folder: re.fullmatch(r"\d[\d._-]*", folder),
            (parent.name for parent in path.parents),
        )
        found[path] = PurePath(*reversed([*dates]), path.name)
    return found


def own_name(name: str) -> str:
    """Return all that a name says.

    >>> own_name("Sheet 2")
    'sheet_2'
    """
    return _identifier(_stem(name))


def _stem(name: str) -> str:
    return snake_case(_ENDING.sub("", PurePath(name).name))


def _identifier(name: str) -> str:
    return f"table_{name}" if name[:1].isdigit() else name


def pattern_of(names: Sequence[str], others: Sequence[str] = ()) -> str | None:
    """Return a pattern of the names in which dates and numbers are left open.

    None: each that all of them match takes in one of the others.
    """
    usual = _with_open_numbers(names)
    stems = [_SUFFIX.sub("", name) for name in names]
    same = re.sub(r"[\d._ -]+$", "", os.path.commonprefix(stems))
    tried = [
        usual,
        # orders_*.csv is also what order lines may be called: orders_items_1.csv.
        usual.replace("*", "[0-9]*", 1),
        f"{glob.escape(same)}*{_ending(names)}",
        *([glob.escape(names[0])] if len(names) == 1 else []),
    ]
    return next(
        (
            pattern
            for pattern in tried
            if all(fnmatchcase(name, pattern) for name in names)
            and not any(fnmatchcase(name, pattern) for name in others)
        ),
        None,
    )


def _with_open_numbers(names: Sequence[str]) -> str:
    stems = {
        re.sub(r"\*[-_. *]*\*", "*", re.sub(_OPEN, "*", stem))
        for name in names
        for stem in [_SUFFIX.sub("", name).replace("[", "[[]")]
    }
    stem = min(stems)
    if len(stems) > 1:
        stem = stem.partition("*")[0]
    # The next delivery may have its date in its name.
    return f"{stem}{'' if '*' in stem else '*'}{_ending(names)}"


def _ending(names: Sequence[str]) -> str:
    """Return how all names end; if packed in several ways, or not, any way will do."""
    found = {match[0] if (match := _SUFFIX.search(name)) else "" for name in names}
    if len(found) == 1:
        return found.pop()
    return "*" if "" in found else ".*"
