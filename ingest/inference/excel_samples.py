"""Samples of sheets of Excel workbooks."""

import zipfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from dbt_models import WarehouseError
from ingest.inference.samples import (
    Sample,
    find_header,
    made_up_names,
    names_in,
    sample_of,
    text_of,
)
from ingest.readers.headers import bare_names


def read_sheet(path: Path, sheet: str, limit: int) -> Sample:
    """Look at a sheet, below the rows that stand above its table.

    Raises
    ------
    WarehouseError
        If there is no table in it; in words without the file's name.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            return _read(_rows(workbook.get_sheet_by_name(sheet)), limit)
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise WarehouseError(f"it is no Excel workbook ({error})") from error


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, with their numbers."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [text_of(cell) or "" for cell in row]
        if any(cells):
            yield number, cells


def _read(rows: Iterator[tuple[int, list[str]]], limit: int) -> Sample:
    first = list(islice(rows, 50))
    if not first:
        raise WarehouseError("its sheet is empty")
    found: dict[str, Any] = {}
    doubts = []
    fields = [sum(1 for cell in row if cell) for _, row in first]
    # A title above the table fills a cell or two.
    start = next(n for n, count in enumerate(fields) if count * 2 > max(fields))
    if start:
        found["skip_lines"] = first[start][0] - 1
        doubts.append(f"{found['skip_lines']} rows above the header are no table")
    has_header, doubt = find_header([row for _, row in first[start:]])
    header = list(first[start][1])
    if has_header:
        while not header[-1]:
            header.pop()
    else:
        found["header"] = False
    names = (
        names_in(bare_names(header, "")) if has_header else made_up_names(len(header))
    )
    doubts += [doubt] if doubt else []
    records = (row[: len(names)] for _, row in chain(first[start + has_header :], rows))
    return sample_of(names, records, limit, format=found, doubts=tuple(doubts))
