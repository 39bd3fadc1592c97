"""Reading a load's files: all at once, and again without the rows that are broken."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_models import Deployment
from ingest.contracts import Table
from ingest.disk import is_disk_full
from ingest.exports import ExportFile
from ingest.parts import Part, refuse, write_part
from ingest.quarantine import refuse_many, sift
from ingest.readers.readable import Readable
from ingest.rejects import Sifted


@dataclass(frozen=True)
class Rows:
    """What became of the rows of a load's files."""

    read: Mapping[ExportFile, int]
    loaded: Mapping[ExportFile, int]
    sifted: Mapping[ExportFile, Sifted]


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

    def write(part: Part) -> dict[ExportFile, int | None]:
        paths = [
            sifted[found.file].good if found.file in sifted else found.path
            for found in part.readables
        ]
        file_ids = [ids[file] for file in part.files]
        rows = write_part(connection, part, paths, aside, load_id, file_ids)
        return dict(zip(part.files, rows, strict=True))

    def count(found: Readable) -> int | None:
        try:
            return found.count_rows()
        except Exception as error:  # nobody knows all ways in which files are broken
            raise refuse(table, found.file.name, error) from error

    readables = {found.file: found for part in parts for found in part.readables}
    sifted: dict[ExportFile, Sifted] = {}
    # Counting reads the files by itself, on the core that the scan leaves free.
    with ThreadPoolExecutor(1) as counter:
        counting = counter.map(count, readables.values())
        loaded = dict.fromkeys(readables)
        for part in parts:
            try:
                loaded |= write(part)
            except duckdb.Error as error:
                # Of anything else, sifting tells what it was.
                if is_disk_full(error):
                    raise refuse(table, part.files[0].name, error) from error
        read = dict(zip(readables, counting, strict=True))
    broken = {
        file for file in readables if loaded[file] is None or loaded[file] != read[file]
    }
    if not broken:
        return Rows(read, loaded, sifted)
    for part in parts:
        found = [r for r in part.readables if r.file in broken]
        sifted |= sift(part, found, folder)
    read |= {file: found.rows_read for file, found in sifted.items()}
    refuse_many(deployment, table, sifted, sum(read.values()))
    for part in parts:
        if not broken.isdisjoint(part.files):
            try:
                loaded |= write(part)
            except duckdb.Error as error:
                reason = error
                if not is_disk_full(error):
                    # What DuckDB says may hold a value of the row.
                    reason = "its rows cannot be read even without the broken ones"
                raise refuse(table, part.files[0].name, reason) from None
    for file, rows in loaded.items():
        good = read[file] - (sifted[file].rows_rejected if file in sifted else 0)
        if rows != good:
            raise refuse(
                table,
                file.name,
                f"{good:,} of its rows keep the contract, but "
                f"{'none' if rows is None else format(rows, ',')} could be read; look "
                "for stray quotes or line breaks",
            )
    return Rows(read, loaded, sifted)
