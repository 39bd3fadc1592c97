"""JSON documents and JSON lines, their nested fields as columns of dotted names."""

import json
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.sql import connect, files, literal
from ingest.text_files import count_lines, opened_below
from ingest.text_rows import TextRow, header_of


def rows(path: Path, member: None, table: Table) -> Iterator[TextRow]:
    """Yield the records; a column ``a.b`` is field ``b`` of the object in field ``a``.

    What is below a column of the contract is its text, as JSON. Numbers are read as
    they are written.

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
    decimal = table.format.decimal
    for number, record, text in _records(path, table):
        if not isinstance(record, dict):
            yield TextRow(number, {}, "not a JSON object", text)
            continue
        fields = _fields(record, "", table.types)
        values = {name: _text(value, decimal) for name, value in fields}
        yield TextRow(number, {n: None if v in nulls else v for n, v in values.items()})


def _fields(
    record: dict[str, Any], prefix: str, columns: Collection[str]
) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name not in columns:
            yield from _fields(value, f"{name}.", columns)
        else:
            yield name, value


def _records(path: Path, table: Table) -> Iterator[tuple[int, Any, str]]:
    """Yield place, value and text of each record; the value of broken ones is None."""
    if _is_document(path, table):
        for number, record in enumerate(_items(path, table), start=1):
            yield number, record, repr(record)
        return
    with opened_below(path, table.format.skip_lines) as lines:
        for number, line in enumerate(lines, start=table.format.skip_lines + 1):
            if line.strip():
                text = line.decode("utf-8", "backslashreplace").strip()
                try:
                    value = json.loads(line, parse_float=Decimal)
                except ValueError:  # also if it is not UTF-8
                    value = None
                yield number, value, text


def _is_document(path: Path, table: Table) -> bool:
    """Return whether the file is one value, and not one a line."""
    if table.format.records is not None:
        return True
    with opened_below(path, table.format.skip_lines) as lines:
        for line in lines:
            if stripped := line.strip():
                return stripped.startswith(b"[")
    return False


def _items(path: Path, table: Table) -> Iterator[Any]:
    import ijson

    place = table.format.records
    with opened_below(path, table.format.skip_lines) as text:
        try:
            yield from ijson.items(text, f"{place}.item" if place else "item")
        except ijson.JSONError as error:
            # Below the first line it shows a part of the file.
            said = str(error).splitlines()[0]
            raise WarehouseError(f"it is no JSON, or cut off ({said})") from error


def _text(value: Any, decimal: str) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return _json(value)
    is_plain = isinstance(value, Decimal) and -100 < value.adjusted() < 100
    text = format(value, "f") if is_plain else str(value)
    return text.replace(".", decimal)


def _json(value: Any) -> str:
    """Write a value as JSON, with its numbers as they were."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {_json(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def count_rows(path: Path, member: None, table: Table) -> int:
    """Count the records: of a document by DuckDB, of lines by their bytes.

    Raises
    ------
    WarehouseError
        If there is no list where the contract says.
    """
    if not _is_document(path, table):
        return count_lines(path, table.format.skip_lines)
    place = table.format.records
    if place is None:
        query = f"""select count(*)
            from read_json_objects({files([path])}, format = 'array')"""
    else:
        steps = "".join(f'."{step}"' for step in place.split("."))
        query = f"""select json_array_length(content, {literal("$" + steps)})
            from read_text({files([path])})"""
    with connect() as connection:
        try:
            (found,) = connection.execute(query).fetchone()
        except duckdb.Error:
            # What DuckDB says may hold a part of a record.
            raise WarehouseError(
                "its records cannot be counted: it is no JSON throughout, or one of "
                "them is longer than 16 MB"
            ) from None
    if found is None:
        raise WarehouseError(f"it has no list of records at {place} (format: records)")
    return found
