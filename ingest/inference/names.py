"""What names of files, sheets and archived files say of the table that they hold."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from ingest.inference.words import snake_case

_ENDING = re.compile(
    r"\.(csv|tsv|txt|dat|jsonl?|ndjson|parquet|xlsx|xlsm|zip)(\.gz|\.zst)?$", re.I
)


def table_name(name: str) -> str:
    """Return what a name says without its dates and numbers; '' if nothing.

    >>> table_name("Orders_2026-01.csv")
    'orders'
    """
    words = _stem(name).split("_")
    return _identifier("_".join(word for word in words if not word.isdigit()))


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


def pattern_of(names: Sequence[str]) -> str:
    """Return a pattern of the names in which dates and numbers are left open."""
    found = re.search(r"\.[a-z]+(\.gz|\.zst)?$", names[0], re.I)
    ending = found[0] if found else ""
    stems = {
        re.sub(r"\*[-_. *]*\*", "*", re.sub(r"(?<![A-Za-z])\d[\d._-]*", "*", stem))
        for name in names
        for stem in [name.removesuffix(ending).replace("[", "[[]")]
    }
    stem = min(stems)
    if len(stems) > 1:
        stem = stem.partition("*")[0]
    # The next delivery may have its date in its name.
    return f"{stem}{ending}" if "*" in stem else f"{stem}*{ending}"
