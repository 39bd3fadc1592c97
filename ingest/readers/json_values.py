"""The objects of JSON as they are written, and their values as text."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

# Halves of characters beyond the first 65,536; most of them stand in pairs.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class _Number(str):
    """A number as it is written: neither rounded, nor too long for anybody."""

    __slots__ = ()


class TwiceError(ValueError):
    """A name that an object has twice, so that nobody can say which value is right."""


def only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields, none of which has the name of another.

    Raises
    ------
    TwiceError
        If one has.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise TwiceError
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=only_once,
    parse_float=_Number,
    parse_int=_Number,
    parse_constant=_Number,
)


def object_of(record: bytes) -> dict[str, Any]:
    """Return the JSON object that is a record.

    Raises
    ------
    ValueError
        If it is none; a TwiceError, if it has a name twice, a UnicodeDecodeError, if
        it is not UTF-8, a UnicodeEncodeError, if half of a character is in it.
    RecursionError
        If it is nested more deeply than Python can read.
    """
    found = _DECODER.decode(record.decode())
    if not isinstance(found, dict):
        raise ValueError
    if _HALF.search(record):
        json.dumps(found, ensure_ascii=False).encode()
    return found


def text_of(value: Any, decimal: str) -> str | None:
    """Return a field's value as a text file would have it."""
    if isinstance(value, _Number):
        return _plain(value).replace(".", decimal)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value)


def _plain(number: _Number) -> str:
    """Return a number without its exponent, if somebody would write it so."""
    if "e" not in number and "E" not in number:
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:  # an exponent that nothing can hold
        return number
    return format(value, "f") if -100 < value.adjusted() < 100 else str(value)


def _json(value: Any) -> str:
    """Write a value as JSON, with its numbers as they were."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {_json(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, _Number):
        return value
    return json.dumps(value, ensure_ascii=False)
