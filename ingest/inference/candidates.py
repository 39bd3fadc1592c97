"""Candidates for tables: files, sheets of workbooks, files in archives."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbt_models import WarehouseError
from ingest.contracts.formats import PLAIN
from ingest.readers.archives import members
from ingest.readers.excel_files import is_workbook, worksheets
from ingest.readers.text_copies import PACKED
from ingest.readers.text_files import unpacked
from ingest.readers.zip_files import opened_zip

_ARCHIVE = ".zip"
_WORKBOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True)
class Candidate:
    """A file, or a part of one, that may hold a table.

    Attributes
    ----------
    member
        Sheet of a workbook, or file in an archive; None: it is a file of its own.
    """

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}#{self.member}"

    @property
    def is_archived(self) -> bool:
        """Whether it is a file in an archive."""
        return self.path.name.lower().endswith(_ARCHIVE)

    @property
    def is_sheet(self) -> bool:
        """Whether it is a sheet of a workbook."""
        return self.member is not None and not self.is_archived

    @property
    def is_packed(self) -> bool:
        """Whether its bytes are not those in the file."""
        return self.is_archived or self._name.endswith(PACKED)

    @property
    def name(self) -> str:
        """The name that tells its kind, in lower case, without how it is packed."""
        ending = next((e for e in PACKED if self._name.endswith(e)), "")
        return self._name.removesuffix(ending)

    @property
    def _name(self) -> str:
        path = Path(self.member) if self.is_archived and self.member else self.path
        return path.name.lower()

    @contextmanager
    def opened(self) -> Iterator[io.BufferedReader]:
        """Open the bytes of a file, unpacked.

        Raises
        ------
        WarehouseError
            If packed data are damaged; in words without the file's name.
        """
        is_packed = self._name.endswith(PACKED)
        if self.is_archived:
            with opened_zip(self.path) as archive, archive.open(self.member) as stream:
                if not is_packed:
                    yield io.BufferedReader(stream)
                    return
                with unpacked(Path(self.member), stream) as inner:
                    yield io.BufferedReader(inner)
        else:
            with unpacked(self.path) if is_packed else self.path.open("rb") as stream:
                # What unpacks zstd knows no lines.
                yield io.BufferedReader(stream)


def candidates_of(path: Path) -> list[Candidate]:
    """Return what in a file may be a table; sheets that are hidden are none.

    Raises
    ------
    WarehouseError
        If it is not there, not what its name says, or empty; in words without its name.
    """
    if not path.is_file():
        raise WarehouseError("it is no file; name files that are there")
    name = path.name.lower()
    if name.endswith(_ARCHIVE):
        found = members(path, PLAIN)
        if not found:
            raise WarehouseError(
                "it is not what its name says: no zip archive, or one that is empty or "
                "damaged"
            )
    elif name.endswith(_WORKBOOKS) or is_workbook(path):
        found = [sheet for sheet, is_seen in worksheets(path).items() if is_seen]
        if not found:
            raise WarehouseError("it is a workbook without a sheet that is seen")
    else:
        return [Candidate(path)]
    return [Candidate(path, member) for member in found]
