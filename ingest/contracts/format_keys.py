"""What a contract says of how files are written, of a table and of its columns."""

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import duckdb

from dbt_models import WarehouseError, nearest
from ingest.contracts.formats import KINDS, KINDS_BY_ENDING, NEGATIVES, Format
from ingest.sql import ask


def _is_sign(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and not value.isalnum()


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _is_encoding(value: Any) -> bool:
    try:
        return bool(codecs.lookup(value)._is_text_encoding)
    except (LookupError, TypeError):
        return False


def _is_widths(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(width, int) and width > 0 for width in value.values()
    )


# What each key may be, in words and as a test.
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "kind": (f"one of {', '.join(KINDS)}", lambda v: v in KINDS),
    "encoding": ("an encoding that Python knows, such as cp1252", _is_encoding),
    "delimiter": (
        "up to four characters that separate fields",
        lambda v: (
            isinstance(v, str)
            and 0 < len(v.encode()) <= 4
            and not re.search(r'[\r\n"\w]', v)
        ),
    ),
    "quote": (
        "one character, or '' for none",
        lambda v: v == "" or (_is_sign(v) and v.isascii()),
    ),
    "header": ("true or false", lambda v: isinstance(v, bool)),
    "skip_lines": ("a number of lines", lambda v: type(v) is int and v >= 0),
    "decimal": ("'.' or ','", lambda v: v in (".", ",")),
    "thousands": ("one character, or '' for none", lambda v: v == "" or _is_sign(v)),
    "symbols": ("a list of words, such as ['€', EUR]", _is_words),
    "negative": (
        f"{' or '.join(map(repr, NEGATIVES))}, beside '-1'",
        lambda v: v in ("-1", *NEGATIVES),
    ),
    "nulls": ("a list of words, such as ['NULL', '-']", _is_words),
    "sheets": ("a pattern of names, such as '20*'", lambda v: isinstance(v, str)),
    "members": ("a pattern of names, such as '*.csv'", lambda v: isinstance(v, str)),
    "records": ("a path, such as data.items", lambda v: isinstance(v, str)),
    "widths": ("a map of columns to numbers of characters", _is_widths),
}
assert set(_RULES) == {field.name for field in fields(Format)}
# What only some kinds of files have.
_KINDS_WITH = {
    "encoding": ("csv", "fixed_width", "json"),
    "delimiter": ("csv",),
    "quote": ("csv",),
    "header": ("csv", "excel", "fixed_width"),
    "skip_lines": ("csv", "excel", "fixed_width", "json"),
    "nulls": ("csv", "excel", "fixed_width", "json"),
    "sheets": ("excel",),
    "records": ("json",),
    "widths": ("fixed_width",),
}


def read_format(given: Any, columns: Sequence[str], export: str, where: str) -> Format:
    """Read the ``format`` of a table with these columns and files of this pattern.

    Raises
    ------
    WarehouseError
        If a key is unknown, its value cannot be right, or two contradict each other.
    """
    if not isinstance(given, Mapping):
        raise WarehouseError(
            f"{where}: format must be a map, such as {{delimiter: ';'}}, not {given!r}."
        )
    for key, value in given.items():
        if key not in _RULES:
            raise WarehouseError(
                f"{where}: unknown key '{key}' of format. "
                f"{nearest(str(key), list(_RULES))}"
            )
        words, is_right = _RULES[key]
        if not is_right(value):
            raise WarehouseError(
                f"{where}: '{key}' of format must be {words}, not {value!r}."
            )
    values = {
        key: tuple(value.items())
        if isinstance(value, Mapping)
        else tuple(value)
        if isinstance(value, list)
        else value
        for key, value in given.items()
    }
    found = Format(**{"header": "widths" not in given, **values})
    endings = PurePosixPath(export.lower()).suffixes
    # The last one that is a kind: before it may be a name, behind it how it is packed.
    by_name = next(filter(None, map(KINDS_BY_ENDING.get, reversed(endings))), None)
    kind = found.kind or ("fixed_width" if found.widths else by_name)
    for key in given:
        kinds = _KINDS_WITH.get(key, KINDS)
        # Workbooks call themselves csv too.
        is_excel = kind == by_name == "csv" and not found.kind and "excel" in kinds
        if kind and kind not in kinds and not is_excel:
            raise WarehouseError(
                f"{where}: '{key}' of format is for {' and '.join(kinds)} files, and "
                f"these are of the kind {kind}. Take it away, or mend the kind or the "
                "export."
            )
    if found.thousands == found.decimal:
        raise WarehouseError(
            f"{where}: decimal and thousands of format are both '{found.decimal}'."
        )
    if found.quote and found.quote == found.delimiter:
        raise WarehouseError(
            f"{where}: delimiter and quote of format are both {found.quote!r}."
        )
    widths = [name for name, _ in found.widths]
    # What else is there may be fields that nobody needs.
    if lacking := [name for name in columns if widths and name not in widths]:
        raise WarehouseError(
            f"{where}: widths of format lacks the column '{lacking[0]}'. "
            f"{nearest(lacking[0], widths)}"
        )
    return found


def read_column_format(given: Any, data_type: str, where: str) -> str | None:
    """Read a column's ``format``: of dates, timestamps and booleans.

    Raises
    ------
    WarehouseError
        If it cannot be right for the column's type.
    """
    if given is None:
        return None
    examples = {
        "boolean": "two words, such as yes/no",
        "date": "strptime's letters, such as '%d.%m.%Y'",
        "timestamp": "strptime's letters, such as '%d.%m.%Y %H:%M:%S'",
    }
    if data_type not in examples:
        raise WarehouseError(
            f"{where}: format is for {', '.join(examples)}; how numbers are written is "
            "said under format of the table (decimal, negative, thousands, symbols)."
        )
    is_right = isinstance(given, str) and (
        len(set(given.lower().split("/"))) == 2 == len(given.split("/"))
        if data_type == "boolean"
        else _tells_days(given)
    )
    if not is_right:
        raise WarehouseError(
            f"{where}: format must be {examples[data_type]}, not {given!r}."
        )
    return given


# A run asks for its contracts dozens of times.
@cache
def _tells_days(pattern: str) -> bool:
    """Return whether a day that is written by the pattern can be read again."""
    day = "timestamp '2017-12-28 13:14:15'"
    try:
        ((same,),) = ask(
            f"select try_strptime(strftime({day}, $1), $1)::date = {day}::date",
            [pattern],
        )
    except duckdb.Error:
        return False
    return bool(same)
