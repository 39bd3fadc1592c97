"""Samples of files of every kind: by their ending, text unless it says otherwise."""

import codecs
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import ijson
import pyarrow as pa
from pyarrow import parquet

from dbt_models import WarehouseError
from ingest.inference.samples import Sample, find_header, sample_of, usable_names
from ingest.inference.text_samples import read_text

# Endings of text that ingest knows without being told.
_TEXTS = (".csv", ".tsv", ".txt")
# Arrow's names of the types that a contract can take over.
_STORED = {
    "bool": "boolean",
    "date32[day]": "date",
    "int32": "integer",
    "int64": "bigint",
    "large_string": "varchar",
    "string": "varchar",
    "timestamp[us]": "timestamp",
}


def read_sample(path: Path, limit: int) -> Sample:
    """Look at the first rows of a file.

    Raises
    ------
    WarehouseError
        If it is not there, or no table; the message names it.
    """
    if not path.is_file():
        raise WarehouseError(f"{path} is no file. Name files that are there.")
    name = path.name.lower()
    read = next((r for end, r in _READERS.items() if name.endswith(end)), read_text)
    try:
        sample = read(path, limit)
    except WarehouseError as error:
        raise WarehouseError(f"{path}: {error}.") from error
    if read is read_text and not name.removesuffix(".gz").endswith(_TEXTS):
        return replace(sample, format={"kind": "csv", **sample.format})
    return sample


def _read_parquet(path: Path, limit: int) -> Sample:
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise WarehouseError("it is not a Parquet file, or damaged") from error
    schema = file.schema_arrow
    stored = {
        field.name: _STORED.get(text, text.replace("decimal128", "decimal"))
        for field in schema
        for text in [str(field.type)]
        if text in _STORED or text.startswith("decimal128")
    }
    rows = (
        [_text(value) for value in row.values()]
        for batch in file.iter_batches(5_000)
        for row in batch.to_pylist()
    )
    return sample_of(schema.names, rows, limit, stored=stored)


def _read_json(path: Path, limit: int) -> Sample:
    """Look at a list of JSON records, or one record per line."""
    names: dict[str, None] = {}
    records: list[dict[str, Any]] = []
    is_whole = True
    with path.open("rb") as stream:
        is_list = stream.read(1_024).lstrip(codecs.BOM_UTF8).lstrip()[:1] == b"["
        stream.seek(0)
        found = ijson.items(
            stream, "item" if is_list else "", multiple_values=not is_list
        )
        try:
            for record in found:
                if len(records) == limit:
                    is_whole = False
                    break
                if not isinstance(record, dict):
                    raise WarehouseError(f"record {len(records) + 1} has no names")
                names |= dict.fromkeys(record)
                records.append(record)
        except ijson.JSONError as error:
            raise WarehouseError(
                f"behind {len(records):,} records it is not JSON ({error})"
            ) from error
    if not records:
        raise WarehouseError("it is empty; export it again")
    rows = ([_text(record.get(name)) for name in names] for record in records)
    sample = sample_of(list(names), rows, limit)
    return Sample(sample.names, sample.rows, is_whole=is_whole)


def _read_excel(path: Path, limit: int) -> Sample:
    """Look at the first sheet that holds a table."""
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        sheets = workbook.sheet_names
        rows = (row for row in workbook.get_sheet_by_index(0).iter_rows() if any(row))
    except (python_calamine.CalamineError, IndexError, OSError) as error:
        raise WarehouseError(f"it is no Excel workbook ({error})") from error
    texts: Iterator[list[str]] = ([_text(v) or "" for v in row] for row in rows)
    first = list(islice(texts, 50))
    if not first:
        raise WarehouseError("its first sheet is empty")
    fields = [sum(1 for cell in row if cell) for row in first]
    # A title above the table fills a cell or two.
    start = next(n for n, count in enumerate(fields) if count * 2 > max(fields))
    found: dict[str, Any] = {"skip_lines": start} if start else {}
    doubts = [f"{start} rows above the header are no table"] if start else []
    if len(sheets) > 1:
        found["sheets"] = sheets[0]
        doubts.append(f"only the sheet '{sheets[0]}' of {len(sheets)} is read")
    has_header, doubt = find_header(first[start:])
    header = first[start]
    names, changed = usable_names(header if has_header else [""] * len(header))
    if changed:
        found["header"] = False
        found["skip_lines"] = start + has_header
        doubts.append(
            f"{', '.join(changed)}: no usable name in the header; columns go by order"
        )
    doubts += [doubt] if doubt else []

    def records() -> Iterator[list[str]]:
        yield from first[start + has_header :]
        yield from texts

    return sample_of(names, records(), limit, format=found, doubts=tuple(doubts))


def _text(value: Any) -> str | None:
    """Write a value as a text file would."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    # A workbook has no whole numbers; 90022 is stored as 90022.0.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


_READERS: dict[str, Callable[[Path, int], Sample]] = {
    ".parquet": _read_parquet,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".xlsx": _read_excel,
    ".xlsm": _read_excel,
}
