"""CSV files, plain or gzipped, in UTF-8, with whatever signs between their fields."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbt_models import WarehouseError
from ingest.checks import Check
from ingest.readers import csv_count, csv_pieces, csv_scan, csv_sift, csv_stream
from ingest.readers.dialects import Dialect
from ingest.readers.headers import NAMELESS
from ingest.readers.text_files import opened_below
from ingest.rejects import Sifted

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class CsvReader:
    """Reads CSV files of one dialect."""

    dialect: Dialect = Dialect()

    def columns(self, path: Path) -> list[tuple[str, str]]:
        """Return the names in the header; what is below them is all text.

        A column without a name has one by its place, and is nameless.
        """
        with opened_below(path, self.dialect.skip_lines) as rows:
            # Bytes further down that are no UTF-8 are not the header's fault.
            text = io.TextIOWrapper(rows, "utf-8", "surrogateescape", newline="")
            try:
                names = self._first_record(text)
            except csv.Error as error:
                raise WarehouseError(f"its header is not CSV ({error})") from error
            finally:
                text.detach()
        if not self.dialect.has_header:
            expected = self.dialect.names
            # A delimiter at the end of each line is no value.
            surplus = names[len(expected) :]
            if names and (len(names) < len(expected) or any(map(str.strip, surplus))):
                raise WarehouseError(
                    f"its first row has {len(names)} fields, but the contract names "
                    f"{len(expected)} columns, and says that there is no header"
                )
            names = [*expected, *surplus]
        for name in names:
            if not name.strip().isprintable() and not name.isascii():
                raise WarehouseError(
                    "its header is not UTF-8 text; if it is in another encoding, let "
                    "the contract say so (format: {encoding: cp1252})"
                )
        return [
            (name, "varchar") if name.strip() else (f"{place} (no name)", NAMELESS)
            for place, name in enumerate(names, start=1)
        ]

    def fields(self, text: str, names: Collection[str]) -> dict[str, str]:
        """Take the text of a rejected row apart; empty if it is no record."""
        try:
            values = self._first_record(io.StringIO(text))
            return dict(zip(names, values, strict=True))
        except (csv.Error, ValueError):
            return {}

    def _first_record(self, text: io.TextIOBase) -> list[str]:
        delimiter, quote = self.dialect.delimiter, self.dialect.quote
        if len(delimiter) > 1:
            return text.readline().rstrip("\r\n").split(delimiter)
        quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        rows = csv.reader(
            text, delimiter=delimiter, quotechar=quote or None, quoting=quoting
        )
        return next(rows, [])

    def count_rows(self, path: Path) -> int | None:
        """Count the records, without the engines that load them."""
        return csv_count.count_rows(path, self.dialect)

    def stream(
        self, paths: Sequence[Path], types: Mapping[str, str]
    ) -> "pa.RecordBatchReader | None":
        """Return the rows as Arrow reads them; it knows delimiters of one byte only."""
        if len(self.dialect.delimiter.encode()) > 1:
            return None
        return csv_stream.stream(paths, types, self.dialect)

    def scan(self, paths: Sequence[Path], types: Mapping[str, str]) -> str:
        """Return the SQL that reads the rows as text."""
        return csv_scan.scan(paths, types, self.dialect)

    def sift(
        self,
        path: Path,
        types: Mapping[str, str],
        checks: Collection[Check],
        folder: Path,
        most: float,
    ) -> Sifted:
        """Part the broken rows from the others."""
        return csv_sift.sift(path, self.dialect, types, checks, folder, most)

    def pieces(
        self, path: Path, columns: int, folder: Path
    ) -> Iterator[tuple["CsvReader", Path, int]]:
        """Yield files with a header and some of the rows, and how to read them.

        And how many more lines are above the rows in the file that they are from.
        """
        reader = CsvReader(replace(self.dialect, names=None, skip_lines=0))
        for piece, line in csv_pieces.pieces(path, self.dialect, columns, folder):
            yield reader, piece, line - 2
