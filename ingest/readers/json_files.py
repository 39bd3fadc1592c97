"""JSON documents and JSON lines, their nested fields as columns of dotted names."""

import json
import re
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ingest.contracts import Table
from ingest.readers.json_records import (
    LONGEST,
    count_records,
    require_length,
    split_records,
)
from ingest.readers.text_files import count_lines, opened_below
from ingest.readers.text_rows import TextRow, header_of

# Halves of characters beyond the first 65,536; most of them stand in pairs.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class _Number(str):
    """A number as it is written: neither rounded, nor too long for anybody."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_Number
)


def rows(path: Path, member: None, table: Table) -> Iterator[TextRow]:
    """Yield the records; a column ``a.b`` is field ``b`` of the object in field ``a``.

    What is below a column is its text, as JSON. Numbers are read as they are written.

    Raises
    ------
    WarehouseError
        If it is no JSON, or no list of records is where the contract says.
    """
    # Twice: a field may turn up in the last record only.
    names = dict.fromkeys(table.types)
    for row in _rows(path, table):
        names |= dict.fromkeys(row.values)
    yield header_of(names)
    yield from _rows(path, table)


def _rows(path: Path, table: Table) -> Iterator[TextRow]:
    nulls = set(table.format.nulls)
    columns = table.types
    ways = {
        name[:place]
        for name in columns
        for place, sign in enumerate(name)
        if sign == "."
    }
    for number, record in _records(path, table):
        try:
            fields = _fields(object_of(record), "", columns, ways)
            values = {
                name: text_of(value, table.format.decimal) for name, value in fields
            }
        except RecursionError:
            flaw = "nested too deeply"
        except UnicodeEncodeError:
            flaw = "half of a character, such as \\ud83d without its other half"
        except ValueError:  # also if it is not UTF-8
            flaw = "not a JSON object"
        else:
            yield TextRow(
                number, {n: None if v in nulls else v for n, v in values.items()}
            )
            continue
        text = record.decode("utf-8", "backslashreplace").strip()
        yield TextRow(number, {}, flaw, text)


def object_of(record: bytes) -> dict[str, Any]:
    """Return the JSON object that is a record.

    Raises
    ------
    ValueError
        If it is none; a UnicodeEncodeError, if it is no text.
    RecursionError
        If it is nested more deeply than Python can read.
    """
    found = _DECODER.decode(record.decode())
    if not isinstance(found, dict):
        raise ValueError
    if _HALF.search(record):
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _fields(
    record: dict[str, Any], prefix: str, columns: Collection[str], ways: Collection[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the fields; objects are opened only on the ways to the contract's columns.

    What else an object holds is one field of its name: keys may be data themselves,
    such as addresses of customers, and names of columns are published.
    """
    rest = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if name in columns:
            yield name, value
        elif isinstance(value, dict) and name in ways:
            yield from _fields(value, f"{name}.", columns, ways)
        elif prefix:
            rest[key] = value
        else:
            yield name, value
    if rest:
        yield prefix.removesuffix("."), rest


def _records(path: Path, table: Table) -> Iterator[tuple[int, bytes]]:
    """Yield place and text of each record."""
    skipped = table.format.skip_lines
    is_document = _is_document(path, table)
    with opened_below(path, skipped) as stream:
        if is_document:
            yield from enumerate(split_records(stream, table.format.records), start=1)
            return
        lines = iter(lambda: stream.readline(LONGEST + 1), b"")
        for number, line in enumerate(lines, start=skipped + 1):
            require_length(len(line))
            if line.strip():
                yield number, line


def _is_document(path: Path, table: Table) -> bool:
    """Return whether the file is one value, and not one a line."""
    if table.format.records is not None:
        return True
    with opened_below(path, table.format.skip_lines) as stream:
        for line in iter(lambda: stream.readline(LONGEST), b""):
            if stripped := line.strip():
                return stripped.startswith(b"[")
    return False


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


def count_rows(path: Path, member: None, table: Table) -> int:
    """Count the records: of a document by its commas, of lines by their bytes.

    Raises
    ------
    WarehouseError
        If there is no list where the contract says.
    """
    if not _is_document(path, table):
        return count_lines(path, table.format.skip_lines)
    with opened_below(path, table.format.skip_lines) as stream:
        return count_records(stream, table.format.records)
