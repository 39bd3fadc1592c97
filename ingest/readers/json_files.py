"""JSON documents and JSON lines, their nested fields as columns of dotted names."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.readers.headers import contract_names, names_and_ways
from ingest.readers.json_records import (
    LONGEST,
    count_records,
    require_length,
    split_records,
)
from ingest.readers.json_values import TwiceError, object_of, only_once, text_of
from ingest.readers.text_files import count_lines, opened_below
from ingest.readers.text_rows import TextRow, header_of

_ELSEWHERE = (
    "if the records are a list inside a document, let the contract say where (format: "
    "records)"
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
    found: dict[str, None] = {}
    for row in _rows(path, table):
        found |= dict.fromkeys(row.values)
    if found and table.types.keys().isdisjoint(found):
        # Which they are, is not said: they may be data.
        raise WarehouseError(
            f"none of the {len(found)} fields of its records is a name in the "
            f"contract; {_ELSEWHERE}"
        )
    # A field that no record has is one that is missing, as in a header.
    there = [name for name in table.types if name in found or not found]
    yield header_of([*there, *found])
    yield from _rows(path, table)


def _rows(path: Path, table: Table) -> Iterator[TextRow]:
    nulls = set(table.format.nulls)
    columns, ways = names_and_ways(table)

    # Each record has names of its own: a column may be renamed from one to the next.
    @lru_cache
    def called(*names: str) -> list[str]:
        return contract_names(names, table)

    for place, (number, record) in enumerate(_records(path, table)):
        try:
            fields = only_once(list(_fields(object_of(record), "", columns, ways)))
            values = {
                name: text_of(value, table.format.decimal)
                for name, value in fields.items()
            }
        except RecursionError:
            flaw = "nested too deeply"
        except UnicodeEncodeError:
            flaw = "half of a character, such as \\ud83d without its other half"
        except UnicodeDecodeError:
            flaw = "not UTF-8"
        except TwiceError:
            flaw = "a name stands in it twice"
        except ValueError:
            flaw = "not a JSON object"
            if place == 0 and not _is_document(path, table):
                flaw += f" on a line of its own; {_ELSEWHERE}"
        else:
            texts = [None if value in nulls else value for value in values.values()]
            yield TextRow(number, dict(zip(called(*values), texts, strict=True)))
            continue
        text = record.decode("utf-8", "backslashreplace").strip()
        yield TextRow(number, {}, flaw, text)


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
