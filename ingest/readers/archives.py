"""Files of several tables or parts: which of their members are read."""

import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

from dbt_models import WarehouseError
from ingest.contracts.formats import Format
from ingest.readers.excel_files import is_workbook, sheets
from ingest.readers.zip_files import opened_zip

_SIGNATURE = b"PK\x03\x04"


def members(path: Path, format_: Format) -> list[str]:
    """Return the sheets of a workbook or the files in an archive; empty: neither.

    Raises
    ------
    WarehouseError
        If it is damaged, or none of its members is what the contract reads.
    """
    with path.open("rb") as stream:
        if stream.read(len(_SIGNATURE)) != _SIGNATURE or not zipfile.is_zipfile(path):
            return []
    if is_workbook(path):
        return sheets(path, format_.sheets)
    with opened_zip(path) as archive:
        names = [
            info.filename
            for info in archive.infolist()
            # Systems leave notes of their own beside the files.
            if not info.is_dir() and not _is_hidden(info.filename)
        ]
    found = sorted(name for name in names if fnmatchcase(name, format_.members))
    if not found:
        raise WarehouseError(
            f"no file in it matches '{format_.members}' (format: members); it has "
            f"{', '.join(names) or 'none'}"
        )
    if twice := sorted({name for name in found if found.count(name) > 1}):
        raise WarehouseError(
            f"it has several files of the name {', '.join(twice)}, of which only one "
            "could be read; pack them under different names"
        )
    return found


def only_sheet(path: Path, format_: Format) -> str:
    """Return the one sheet that is read of a workbook that was packed.

    Raises
    ------
    WarehouseError
        If it is no workbook, or several of its sheets are what the contract reads.
    """
    if not is_workbook(path):
        raise WarehouseError("it is not what its name or contract says, or damaged")
    found = sheets(path, format_.sheets)
    if len(found) > 1:
        raise WarehouseError(
            f"of a packed workbook one sheet is read, and {len(found)} match "
            f"'{format_.sheets}' (format: sheets); unpack it"
        )
    return found[0]


def _is_hidden(name: str) -> bool:
    return any(step.startswith((".", "__MACOSX")) for step in name.split("/"))
