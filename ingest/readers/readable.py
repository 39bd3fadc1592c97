"""What reads an export file: the file itself, or a copy that an engine can read.

A reader has seven parts.

``columns(path)``
    the file's columns, and the types that they are stored as, or that one is nameless;
``count_rows(path)``
    its rows, counted without the engines that load them;
``stream(paths, types)``
    the rows of files of the same columns as the contract's types, by an engine that
    changes no value, but fails where it would have to; None: the scan is as fast;
``scan(paths, types)``
    the SQL that reads them as they are stored; both add ``file_index``, the place of
    the row's file among them;
``sift(path, types, checks, folder, most)``
    the slow way for a file with broken rows: it parts them from the others;
``fields(text, names)``
    takes the text of one of them apart, as far as it can be;

and that of CSV files ``pieces(path, columns, folder)``, which cuts large ones up.

A converter makes rows of text of what no engine reads: ``rows(path, member, table)``
yields them, the names of the columns first, ``count_rows(path, member, table)`` counts
them in another way.

All raise WarehouseError with what is wrong, without the file's name: the caller knows
it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from dbt_models import WarehouseError
from ingest.checks import Check
from ingest.contracts import Table
from ingest.contracts.formats import KINDS_BY_ENDING
from ingest.exports import ExportFile
from ingest.readers import excel_files, fixed_width_files, json_files
from ingest.readers.archives import members, only_sheet
from ingest.readers.csv_files import CsvReader
from ingest.readers.dialects import Dialect
from ingest.readers.excel_files import is_workbook
from ingest.readers.headers import bare_names, contract_names
from ingest.readers.parquet_files import ParquetReader, parquet_reader
from ingest.readers.text_copies import (
    PACKED,
    encoding_of,
    ends_in_returns,
    make_lines,
    make_utf8,
    unpack,
    unzip,
)
from ingest.readers.text_rows import LINE, write_copy
from ingest.rejects import Reject, Sifted

Reader = CsvReader | ParquetReader

_CONVERTERS: dict[str, ModuleType] = {
    "excel": excel_files,
    "fixed_width": fixed_width_files,
    "json": json_files,
}


@dataclass(frozen=True)
class Readable:
    """An export file as it can be read.

    Attributes
    ----------
    path
        The file, or a copy of it.
    converter
        What made the copy, if it is of other rows than the file's bytes.
    original
        What the converter made it of.
    member
        The sheet, if that is a workbook.
    rejects
        Rows that the converter could make nothing of.
    lines_above
        How many lines of the file are above those of the copy, if it is a piece.
    """

    file: ExportFile
    table: Table
    path: Path
    reader: Reader
    converter: ModuleType | None = None
    original: Path | None = None
    member: str | None = None
    rejects: tuple[Reject, ...] = ()
    lines_above: int = 0

    def columns(self) -> list[tuple[str, str]]:
        """Return its columns, as the contract calls them, and how they are stored."""
        found = self.reader.columns(self.path)
        if not isinstance(self.reader, CsvReader):
            return found
        names = contract_names(
            bare_names(
                [name for name, _ in found], self.reader.dialect.quote, self.table.names
            ),
            self.table,
        )
        return [(name, type_) for name, (_, type_) in zip(names, found, strict=True)]

    def count_rows(self) -> int | None:
        """Count its rows without the engine that loads them; None: sifting tells."""
        if self.converter is None:
            return self.reader.count_rows(self.path)
        return self.converter.count_rows(self.original, self.member, self.table)

    def sift(
        self,
        types: Mapping[str, str],
        checks: Collection[Check],
        folder: Path,
        most: float,
    ) -> Sifted:
        """Part the broken rows from the others."""
        found = self.reader.sift(self.path, types, checks, folder, most)
        rejects = [
            replace(r, line=r.line + self.lines_above, key=self._key(r, types))
            for r in found.rejects
        ]
        if self.converter is None:
            return replace(found, rejects=rejects)
        # Of a row that it could not take apart, a converter names no column.
        mine = [
            replace(r, key=self._key(r, types)) if r.column_name else r
            for r in self.rejects
        ]
        rejects = sorted([*mine, *rejects], key=lambda r: r.line)
        return replace(found, rows_read=self.count_rows(), rejects=rejects)

    def pieces(self, columns: Collection[str], folder: Path) -> Iterator["Readable"]:
        """Yield a CSV file in pieces, written to the folder; each until the next."""
        found = self.reader.pieces(self.path, len(columns), folder)
        for reader, path, lines_above in found:
            yield replace(self, path=path, reader=reader, lines_above=lines_above)

    def _key(self, reject: Reject, names: Collection[str]) -> tuple[str, ...] | None:
        fields = self.reader.fields(reject.text, names)
        key = tuple(fields.get(name, "").strip() for name in self.table.key)
        return key if all(key) and key else None


def readable(file: ExportFile, table: Table, folder: Path) -> Readable:
    """Return the file as it can be read; copies of it are written to a new folder.

    Raises
    ------
    WarehouseError
        If it is empty, damaged, or nobody knows its kind.
    """
    path, name = file.path, file.path.name.lower()

    def put(copy: str, write: Callable[..., None], *given: str) -> None:
        nonlocal path
        # Most files need none, and a thousand folders take seconds.
        folder.mkdir(exist_ok=True)
        write(path, *given, folder / copy)
        if path != file.path:
            path.unlink()  # the disk need not have room for all of them
        path = folder / copy

    if path.stat().st_size == 0:
        raise WarehouseError("it is empty (0 bytes); export it again")
    if name.endswith(".zip"):
        _require_member(file, table)
        name = Path(file.member).name.lower()
        put(name, unzip, file.member)
    elif file.member is not None and not is_workbook(path):
        raise WarehouseError("it is not what its name says: it is a zip archive (.zip)")
    packed = next((ending for ending in PACKED if name.endswith(ending)), "")
    name = name.removesuffix(packed)
    kind = _kind_of(file, name, table)
    is_text = kind not in {"excel", "parquet"}
    encoding = encoding_of(path, table.format.encoding) if is_text else None
    # Gzipped CSV of UTF-8 is read as it is.
    if packed and (encoding or (kind, packed) != ("csv", ".gz")):
        put(name, unpack)
    if kind == "parquet":
        return Readable(file, table, path, parquet_reader(path, table))
    if encoding:
        put(f"utf8_{name}", make_utf8, encoding)
    if is_text and ends_in_returns(path):
        put(f"lines_{name}", make_lines)
    if kind == "csv":
        return Readable(file, table, path, CsvReader(_dialect(name, table)))
    converter, member = _CONVERTERS[kind], file.member
    if kind == "excel" and path == file.path:
        _require_member(file, table)
    elif kind == "excel":
        member = only_sheet(path, table.format)
    folder.mkdir(exist_ok=True)
    rows = folder / "rows.parquet"
    rejects = tuple(write_copy(converter.rows(path, member, table), rows))
    reader = parquet_reader(rows, table, LINE)
    return Readable(file, table, rows, reader, converter, path, member, rejects)


def _require_member(file: ExportFile, table: Table) -> None:
    """Raise, with the reason if there is one, unless it is known what to read of it."""
    if file.member is None:
        members(file.path, table.format)
        raise WarehouseError("it is not what its name or contract says, or damaged")


def _kind_of(file: ExportFile, name: str, table: Table) -> str:
    if file.member is not None and not file.path.name.lower().endswith(".zip"):
        return "excel"  # also if its name says something else
    kind = table.format.kind or KINDS_BY_ENDING.get(Path(name).suffix)
    if table.format.widths and kind in {None, "csv"}:
        kind = "fixed_width"
    if kind is None:
        raise WarehouseError(
            f"no reader knows its kind; known: {', '.join(KINDS_BY_ENDING)}, packed or "
            f"not ({', '.join(PACKED)}, .zip). Else let the contract say it (format: "
            "kind)"
        )
    return kind


def _dialect(name: str, table: Table) -> Dialect:
    given = table.format
    by_name = "\t" if name.endswith(".tsv") else ","
    return Dialect(
        delimiter=given.delimiter or by_name,
        quote=given.quote,
        decimal=given.decimal,
        nulls=given.nulls,
        skip_lines=given.skip_lines,
        names=None if given.header else tuple(table.types),
    )
