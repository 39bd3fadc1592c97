"""Excel workbooks: a sheet of one, as rows of text."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.readers.excel_xml import NO_RESULT, count_filled, faults
from ingest.readers.text_rows import BrokenCellError, TextRow, named_rows
from ingest.readers.zip_files import opened_zip


class _Fault(str):
    """What a cell has instead of a value."""

    __slots__ = ()


def is_workbook(path: Path) -> bool:
    """Return whether the file is a workbook, whatever its name says."""
    try:
        with opened_zip(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (WarehouseError, OSError):
        return False


def sheets(path: Path, pattern: str | None) -> list[str]:
    """Return the names of the sheets that match, or of the only one that is seen.

    Raises
    ------
    WarehouseError
        If none matches, or there are several and no pattern.
    """
    found = worksheets(path)
    if pattern is not None:
        matching = [name for name in found if fnmatchcase(name, pattern)]
        if not matching:
            raise WarehouseError(
                f"no sheet matches '{pattern}' (format: sheets); it has "
                f"{', '.join(found)}"
            )
        return matching
    seen = [name for name, is_seen in found.items() if is_seen]
    if len(seen) != 1:
        raise WarehouseError(
            f"it has {len(seen)} sheets ({', '.join(seen)}); let the contract say "
            "which are read (format: {sheets: <name or pattern>})"
        )
    return seen


def worksheets(path: Path) -> dict[str, bool]:
    """Return the names of the sheets that have cells, and whether each is seen.

    Raises
    ------
    WarehouseError
        If it is no workbook.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            found = workbook.sheets_metadata
    except (CalamineError, zipfile.BadZipFile) as error:
        raise WarehouseError(
            f"it is not what its name says, or damaged: no workbook ({error})"
        ) from error
    return {
        sheet.name: str(sheet.visible).endswith("Visible")
        for sheet in found
        if str(sheet.typ).endswith("WorkSheet")
    }


def rows(path: Path, sheet: str, table: Table) -> Iterator[TextRow]:
    """Yield the rows below the header; blank ones are none.

    Raises
    ------
    WarehouseError
        If the workbook is damaged, or its header is not.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    formats = {column.name: column.format for column in table.columns}

    def text_of(name: str, cell: Any) -> str | None:
        if isinstance(cell, _Fault) and name in formats:
            _require_named(cell, table)
        return _text(cell, formats.get(name), table.format.decimal)

    with opened_zip(path) as archive:
        broken = faults(archive, sheet)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            found = _cells(workbook.get_sheet_by_name(sheet), broken)
            below = ((n, row) for n, row in found if n > table.format.skip_lines)
            yield from named_rows(below, table, text_of)
    except CalamineError as error:
        raise WarehouseError(f"the workbook cannot be read ({error})") from error


def _cells(
    sheet: Any, broken: dict[int, dict[int, str]]
) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows with their numbers; calamine takes errors for empty cells."""
    _, left = sheet.start or (0, 0)
    number = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        yield number, _with_faults(list(row), broken.get(number, {}), left)
    for below in sorted(n for n in broken if n > number):
        yield below, _with_faults([], broken[below], left)


def _with_faults(cells: list[Any], broken: dict[int, str], left: int) -> list[Any]:
    for column, fault in broken.items():
        place = column - 1 - left
        if place >= 0:
            cells += [""] * (place + 1 - len(cells))
            cells[place] = _Fault(fault)
    return cells


def _require_named(fault: str, table: Table) -> None:
    """Raise unless the contract says that the fault means nothing."""
    if fault in table.format.nulls:
        return
    raise BrokenCellError(
        f"{NO_RESULT}; open the workbook in Excel and save it"
        if fault == NO_RESULT
        else "an error such as #N/A (where it means nothing: format: nulls)"
    )


def _text(cell: Any, pattern: str | None, decimal: str) -> str | None:
    """Return a cell as the contract wants it to be written."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        words = (pattern or "").split("/")
        # Another pattern is that of a date, which it is none of.
        true, false = words if len(words) == 2 else ("true", "false")
        return true if cell else false
    if isinstance(cell, float):
        plain = repr(int(cell)) if cell.is_integer() else repr(cell)
        return plain.replace(".", decimal)
    if isinstance(cell, date):
        return _moment(cell, pattern)
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return None if cell is None else str(cell)


def _moment(cell: date, pattern: str | None) -> str:
    """Return a date or time by its pattern, unless some of it would be lost."""
    if isinstance(cell, datetime):
        plain, moment = cell.isoformat(" "), cell
    else:
        plain, moment = cell.isoformat(), datetime.combine(cell, time())
    if not pattern:
        return plain
    unsaid = _unsaid(pattern)
    # Years of two digits are those from 1969 on.
    is_lossy = any(getattr(moment, part) for part in unsaid - {"year"}) or (
        "year" in unsaid and not 1969 <= moment.year <= 2068
    )
    return plain if is_lossy else moment.strftime(pattern)


@cache
def _unsaid(pattern: str) -> frozenset[str]:
    """Return the parts of a moment that the pattern does not say, or only half."""
    moment = datetime(2017, 12, 28, 1, 2, 3, 4)
    others = {"year": 1917, "hour": 13, "minute": 9, "second": 9, "microsecond": 9}
    text = moment.strftime(pattern)
    return frozenset(
        part
        for part, other in others.items()
        if moment.replace(**{part: other}).strftime(pattern) == text
    )


def count_rows(path: Path, sheet: str, table: Table) -> int:
    """Count the sheet's rows with something in them, below the header, in its XML.

    Raises
    ------
    WarehouseError
        If the workbook is damaged.
    """
    with opened_zip(path) as archive:
        filled = count_filled(archive, sheet, table.format.skip_lines)
    return max(filled - table.format.header, 0)
