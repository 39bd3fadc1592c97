"""Samples of files of every kind: by their ending, text unless it says otherwise."""

import glob
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from dbt_models import WarehouseError
from ingest.inference.json_samples import read_json
from ingest.inference.samples import (
    Sample,
    find_header,
    made_up_names,
    names_in,
    sample_of,
    text_of,
)
from ingest.inference.text_samples import read_text
from ingest.readers.excel_files import is_workbook

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
    name = path.name.lower().removesuffix(".gz")
    read = next((r for end, r in _READERS.items() if name.endswith(end)), read_text)
    if is_workbook(path):
        read = _read_excel
    try:
        sample = read(path, limit)
    except WarehouseError as error:
        raise WarehouseError(f"{path}: {error}.") from error
    if read is read_text and not name.endswith(_TEXTS):
        return replace(sample, format={"kind": "csv", **sample.format})
    return sample


def _read_parquet(path: Path, limit: int) -> Sample:
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise WarehouseError("it is not a Parquet file, or damaged") from error
    schema = file.schema_arrow
    stored = {
        field.name: "timestamp"
        if pa.types.is_timestamp(field.type)
        else _STORED.get(text, text.replace("decimal128", "decimal"))
        for field in schema
        for text in [str(field.type)]
        if text in _STORED
        or text.startswith("decimal128")
        or pa.types.is_timestamp(field.type)
    }
    rows = (
        [text_of(value) for value in row.values()]
        for batch in file.iter_batches(5_000)
        for row in batch.to_pylist()
    )
    return sample_of(names_in(schema.names), rows, limit, stored=stored)


def _read_excel(path: Path, limit: int) -> Sample:
    """Look at the first sheet that is seen."""
    import python_calamine

    # As landing does: a sheet that is hidden is nobody's table.
    found: dict[str, Any] = {}
    doubts = []
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        sheets = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        if len(sheets) > 1:
            found["sheets"] = glob.escape(sheets[0])
            doubts.append(f"only the sheet '{sheets[0]}' of {len(sheets)} is read")
        cells = workbook.get_sheet_by_name(sheets[0]).iter_rows()
        rows = (row for row in cells if any(row))
    except (python_calamine.CalamineError, IndexError, OSError) as error:
        raise WarehouseError(f"it is no Excel workbook ({error})") from error
    texts: Iterator[list[str]] = ([text_of(v) or "" for v in row] for row in rows)
    first = list(islice(texts, 50))
    if not first:
        raise WarehouseError("its sheet is empty")
    fields = [sum(1 for cell in row if cell) for row in first]
    # A title above the table fills a cell or two.
    start = next(n for n, count in enumerate(fields) if count * 2 > max(fields))
    if start:
        found["skip_lines"] = start
        doubts.append(f"{start} rows above the header are no table")
    has_header, doubt = find_header(first[start:])
    header = list(first[start])
    if has_header:
        while not header[-1]:
            header.pop()
    else:
        found["header"] = False
    names = names_in(header) if has_header else made_up_names(len(header))
    doubts += [doubt] if doubt else []

    def records() -> Iterator[list[str]]:
        for row in chain(first[start + has_header :], texts):
            yield row[: len(names)]

    return sample_of(names, records(), limit, format=found, doubts=tuple(doubts))


_READERS: dict[str, Callable[[Path, int], Sample]] = {
    ".parquet": _read_parquet,
    ".json": read_json,
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".xlsx": _read_excel,
    ".xlsm": _read_excel,
}
