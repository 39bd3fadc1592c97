"""Excel workbooks: a sheet of one, as rows of text."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.text_rows import TextRow, named_rows

_CHUNK = 1 << 20
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_ROW_END = re.compile(rb"</(?:\w+:)?row>")
_ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\b[^>]*?\br=\"(\d+)\"")
_FILLED_CELL = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^>]*)?>[^<]")


def is_workbook(path: Path) -> bool:
    """Return whether the file is a workbook, whatever its name says."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def sheets(path: Path, pattern: str | None) -> list[str]:
    """Return the names of the sheets that match, or of the only one that is seen.

    Raises
    ------
    WarehouseError
        If none matches, or there are several and no pattern.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            found = workbook.sheets_metadata
    except (CalamineError, zipfile.BadZipFile) as error:
        raise WarehouseError(
            f"it is not what its name says, or damaged: no workbook ({error})"
        ) from error
    names = [sheet.name for sheet in found if str(sheet.typ).endswith("WorkSheet")]
    if pattern is not None:
        matching = [name for name in names if fnmatchcase(name, pattern)]
        if not matching:
            raise WarehouseError(
                f"no sheet matches '{pattern}' (format: sheets); it has "
                f"{', '.join(names)}"
            )
        return matching
    seen = [sheet.name for sheet in found if str(sheet.visible).endswith("Visible")]
    seen = [name for name in names if name in seen]
    if len(seen) != 1:
        raise WarehouseError(
            f"it has {len(seen)} sheets ({', '.join(seen)}); let the contract say "
            "which are read (format: {sheets: <name or pattern>})"
        )
    return seen


def rows(path: Path, sheet: str, table: Table) -> Iterator[TextRow]:
    """Yield the rows below the header; blank ones are none.

    Raises
    ------
    WarehouseError
        If the workbook is damaged, or its header is not.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(path) as workbook:
            cells = workbook.get_sheet_by_name(sheet).iter_rows()
            formats = {column.name: column.format for column in table.columns}
            yield from named_rows(
                (
                    (number, list(row))
                    for number, row in enumerate(cells, start=1)
                    if number > table.format.skip_lines
                ),
                table,
                lambda name, cell: _text(cell, formats.get(name), table.format.decimal),
            )
    except CalamineError as error:
        raise WarehouseError(f"the workbook cannot be read ({error})") from error


def _text(cell: Any, pattern: str | None, decimal: str) -> str | None:
    """Return a cell as the contract wants it to be written."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        true, false = (pattern or "true/false").split("/")
        return true if cell else false
    if isinstance(cell, float):
        plain = repr(int(cell)) if cell.is_integer() else repr(cell)
        return plain.replace(".", decimal)
    if isinstance(cell, datetime) and not pattern:
        return cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.strftime(pattern) if pattern else cell.isoformat()
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return None if cell is None else str(cell)


def count_rows(path: Path, sheet: str, table: Table) -> int:
    """Count the sheet's rows with something in them, below the header, in its XML."""
    with zipfile.ZipFile(path) as archive:
        filled = 0
        with archive.open(_sheet_file(archive, sheet)) as xml:
            rest = b""
            number = 0
            while chunk := xml.read(_CHUNK):
                *complete, rest = _ROW_END.split(rest + chunk)
                for row in complete:
                    stated = _ROW_NUMBER.findall(row)
                    number = int(stated[-1]) if stated else number + 1
                    if number > table.format.skip_lines and _FILLED_CELL.search(row):
                        filled += 1
    return max(filled - table.format.header, 0)


def _sheet_file(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the name of the sheet's part inside the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target") for link in links}
    for found in book.iter(f"{_MAIN}sheet"):
        if found.get("name") == sheet:
            target = targets[found.get(f"{_LINKS}id")]
            return target.lstrip("/") if target[0] == "/" else f"xl/{target}"
    raise WarehouseError(f"it has no sheet {sheet}")
