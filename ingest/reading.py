"""Reading a load's files: all at once, and again without the rows that are broken.

Large files are read again in pieces: to find one broken row in all of it takes minutes.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from dbt_models import Deployment
from ingest.contracts import Table
from ingest.disk import is_disk_full
from ingest.exports import ExportFile
from ingest.parts import Part, refuse, write_part
from ingest.pieces import is_large, pieces
from ingest.quarantine import refuse_many, sift
from ingest.readers.readable import Readable
from ingest.rejects import Reject, count_rows
from ingest.sql import connect, files, literal

# Of how many broken rows it is always said what is wrong with them: who mends a file
# wants to know all, but nobody mends a million.
_LISTED = 10_000


@dataclass(frozen=True)
class Rows:
    """What became of the rows of a load's files.

    Attributes
    ----------
    is_all
        Whether the rejects are all; else there are more than the contract allows, and
        nothing is loaded.
    """

    read: Mapping[ExportFile, int]
    loaded: Mapping[ExportFile, int]
    rejects: Mapping[ExportFile, list[Reject]]
    is_all: bool = True


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    deployment: Deployment,
    parts: Sequence[Part],
    aside: Path,
    load_id: int,
    ids: Mapping[ExportFile, int],
    folder: Path,
) -> Rows:
    """Write every part, and where rows are missing, again without the broken ones.

    What it needs for a while is written to the folder.
    """
    reading = _Reading(connection, load_id, ids, is_whole=len(parts) == 1)
    rows = _together(reading.read(part, aside, folder) for part in parts)
    refuse_many(
        deployment, table, rows.rejects, sum(rows.read.values()), is_all=rows.is_all
    )
    return rows


@dataclass(frozen=True)
class _Reading:
    """What all parts of a load have in common.

    Attributes
    ----------
    is_whole
        Whether a part is all of the load.
    """

    connection: duckdb.DuckDBPyConnection
    load_id: int
    ids: Mapping[ExportFile, int]
    is_whole: bool

    def read(self, part: Part, aside: Path, folder: Path) -> Rows:
        """Write a part, in pieces if it is large and not plain."""
        if not is_large(part):
            return self._read_closely(part, aside, folder)
        read, loaded = self._read_at_once(part, aside, looks_closely=False)
        if read == loaded and None not in read.values():
            return Rows(read, loaded, {})
        most = self._most(part, read)
        with TemporaryDirectory(dir=folder) as name:
            written, found = Path(name), []
            rejected = 0
            for piece in pieces(part, written):
                piece = replace(piece, file_name=f"{len(found)}.parquet")
                with TemporaryDirectory(dir=folder) as copies:
                    rows = self._read_closely(piece, written, Path(copies), most)
                found.append(rows)
                rejected += sum(map(count_rows, rows.rejects.values()))
                if rejected > most:
                    return replace(_together(found), read=read, is_all=False)
            paths = [written / f"{place}.parquet" for place in range(len(found))]
            try:
                _join(paths, aside / part.file_name)
            except duckdb.Error as error:
                raise refuse(part.table, part.files[0].name, error) from error
        return _together(found)

    def _read_closely(
        self, part: Part, aside: Path, folder: Path, most: float | None = None
    ) -> Rows:
        """Write a part, and if rows are missing, again without the broken ones."""
        read, loaded = self._read_at_once(part, aside, looks_closely=True)
        broken = [
            found
            for found in part.readables
            if read[found.file] is None or loaded[found.file] != read[found.file]
        ]
        if not broken:
            return Rows(read, loaded, {})
        if most is None:
            most = self._most(part, read)
        sifted = sift(part, broken, folder, most)
        read |= {file: found.rows_read for file, found in sifted.items()}
        rejects = {file: found.rejects for file, found in sifted.items()}
        if not all(found.is_all for found in sifted.values()):
            return Rows(read, {}, rejects, is_all=False)
        try:
            loaded = self._write(
                part, {file: found.good for file, found in sifted.items()}, aside
            )
        except duckdb.Error as error:
            reason = error
            if not is_disk_full(error):
                # What DuckDB says may hold a value of the row.
                reason = "its rows cannot be read even without the broken ones"
            raise refuse(part.table, part.files[0].name, reason) from None
        for file, rows in loaded.items():
            good = read[file] - count_rows(rejects.get(file, ()))
            if rows != good:
                raise refuse(
                    part.table,
                    file.name,
                    f"{good:,} of its rows keep the contract, but "
                    f"{'none' if rows is None else format(rows, ',')} could be read; "
                    "look for stray quotes or line breaks",
                )
        return Rows(read, loaded, rejects)

    def _most(self, part: Part, read: Mapping[ExportFile, int | None]) -> float:
        """Return how many rows may be broken before all of the load is refused."""
        if not self.is_whole or None in read.values():
            return math.inf
        return max(part.table.max_rejects * sum(read.values()), _LISTED)

    def _read_at_once(
        self, part: Part, aside: Path, *, looks_closely: bool
    ) -> tuple[dict[ExportFile, int | None], dict[ExportFile, int | None]]:
        """Return how many rows each file has, and how many of them were written."""

        def count(found: Readable) -> int | None:
            try:
                return found.count_rows()
            # Nobody knows all ways in which files are broken.
            except Exception as error:
                raise refuse(part.table, found.file.name, error) from error

        # Counting reads the files by itself, on the core that the scan leaves free.
        with ThreadPoolExecutor(1) as counter:
            counting = counter.map(count, part.readables)
            loaded = dict.fromkeys(part.files)
            try:
                loaded |= self._write(part, {}, aside, looks_closely=looks_closely)
            except duckdb.Error as error:
                # Of anything else, sifting tells what it was.
                if is_disk_full(error):
                    raise refuse(part.table, part.files[0].name, error) from error
            return dict(zip(part.files, counting, strict=True)), loaded

    def _write(
        self,
        part: Part,
        sifted: Mapping[ExportFile, Path],
        aside: Path,
        *,
        looks_closely: bool = True,
    ) -> dict[ExportFile, int | None]:
        """Write the rows of the files, or of the copies that were sifted of them."""
        rows = write_part(
            self.connection,
            part,
            [sifted.get(found.file, found.path) for found in part.readables],
            aside,
            self.load_id,
            [self.ids[file] for file in part.files],
            looks_closely=looks_closely,
        )
        return dict(zip(part.files, rows, strict=True))


def _join(paths: Iterable[Path], target: Path) -> None:
    """Write the rows of Parquet files to one, in their order."""
    with connect() as connection:
        # As fast as two, which hold a gigabyte until it is its turn to be written.
        connection.execute("set threads = 1")
        connection.execute(
            f"""copy (from read_parquet({files(paths)}, hive_partitioning = false))
            to {literal(target)} (format parquet, compression zstd)"""
        )


def _together(found: Iterable[Rows]) -> Rows:
    read, loaded = Counter(), Counter()
    rejects = defaultdict(list)
    is_all = True
    for rows in found:
        read.update(rows.read)
        loaded.update(rows.loaded)
        for file, rejected in rows.rejects.items():
            rejects[file] += rejected
        is_all = is_all and rows.is_all
    return Rows(read, loaded, rejects, is_all)
