"""The Parquet files of a load: one for all export files that one scan can read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_models import WarehouseError
from ingest.checks import (
    Check,
    checks_of,
    must_be_empty,
    of_read_values,
    spelled_columns,
    value_of,
)
from ingest.contracts import Table
from ingest.disk import is_disk_full
from ingest.exports import ExportFile
from ingest.readers.headers import NAMELESS, check_header
from ingest.readers.readable import Readable, Reader, readable
from ingest.rejects import RefusedDeliveryError
from ingest.sql import identifier, literal


@dataclass(frozen=True)
class Part:
    """Export files of the same reader and columns, and where their rows go.

    Attributes
    ----------
    stored
        Column name to the type that it is stored as, in the files' order; a column
        without a name has its place and ``NAMELESS``.
    """

    table: Table
    reader: Reader
    stored: Mapping[str, str]
    readables: list[Readable]
    file_name: str

    @property
    def files(self) -> list[ExportFile]:
        """The export files whose rows are in it."""
        return [readable.file for readable in self.readables]

    @property
    def types(self) -> dict[str, str]:
        """Column name to the contract's type, in the files' order; text if unknown."""
        known = self.table.types
        return {
            name: "varchar" if stored == NAMELESS else known.get(name, "varchar")
            for name, stored in self.stored.items()
        }

    @property
    def landed(self) -> list[str]:
        """The columns that land: all that have a name."""
        return [name for name, stored in self.stored.items() if stored != NAMELESS]

    @property
    def absent(self) -> list[str]:
        """The columns that the files leave out, as the contract lets them."""
        return [name for name in self.table.types if name not in self.stored]

    @property
    def doubtful(self) -> set[str]:
        """Columns that are stored as another type than the contract's."""
        return {
            name
            for name in self.landed
            if self.types[name].replace(" ", "") != self.stored[name].replace(" ", "")
        }

    def checks(self, doubtful: Collection[str]) -> list[Check]:
        """Return what its rows must keep that the reader does not see to."""
        nameless = [name for name in self.stored if name not in self.landed]
        kept = [
            check
            for contract, names in self.contracts
            for check in checks_of(contract, doubtful)
            if check.column_name in names
        ]
        return [*kept, *map(must_be_empty, nameless)]

    @property
    def contracts(self) -> list[tuple[Table, set[str]]]:
        """The contracts by which columns are read, and which are by each.

        What is no text has been read already, by whoever wrote the file.
        """
        texts = {name for name in self.landed if self.stored[name] == "varchar"}
        read = of_read_values(self.table)
        return [(self.table, texts), (read, set(self.landed) - texts)]


def refuse(table: Table, file_name: str, reason: object) -> WarehouseError:
    """Return the error that says which file stops a load, and why.

    It is a RefusedDeliveryError, unless the file is not to blame. Of an error that
    nobody has foreseen, it tells the type only.
    """
    if is_disk_full(reason):
        return WarehouseError(
            f"the disk has no room left to land {table.place(file_name)}. Nothing of "
            f"this load of {table.full_name} was kept; make room and run again."
        )
    said = str(reason).strip()
    if isinstance(reason, Exception) and not isinstance(
        reason, (WarehouseError, OSError)
    ):
        # What it says may hold a value, and reasons are published.
        said = f"it cannot be read (its reader failed with {type(reason).__name__})"
    # DuckDB shows its own SQL below the first line.
    first = said.splitlines()[0].rstrip(".")
    return RefusedDeliveryError(
        f"{table.place(file_name)}: {first}. Nothing of this load "
        f"of {table.full_name} was kept; mend the file (or its contract) and run again."
    )


def group_files(table: Table, files: Sequence[ExportFile], folder: Path) -> list[Part]:
    """Group the files by what one scan can read; copies are written to the folder.

    Raises
    ------
    WarehouseError
        If a file cannot be opened as what its name says, or lacks a column.
    """
    groups = defaultdict(list)
    for number, file in enumerate(files):
        try:
            found = readable(file, table, folder / f"copies_{number}")
            columns = tuple(found.columns())
            check_header(table, columns)
        except Exception as error:  # nobody knows all ways in which files are broken
            raise refuse(table, file.name, error) from error
        groups[found.reader, columns].append(found)
    return [
        Part(table, reader, dict(columns), group, f"{number}.parquet")
        for number, ((reader, columns), group) in enumerate(groups.items(), start=1)
    ]


def write_part(
    connection: duckdb.DuckDBPyConnection,
    part: Part,
    paths: Sequence[Path],
    folder: Path,
    load_id: int,
    file_ids: Sequence[int],
    *,
    looks_closely: bool,
) -> list[int | None]:
    """Write the rows that keep the contract and return how many came from each file.

    None: DuckDB refused a row of it. ``paths`` are the files' or those of copies
    without their broken rows. Without a close look, a value that is not plainly of its
    type is an error.

    Raises
    ------
    duckdb.Error
        If it cannot read on; which file it was in, it does not say.
    """
    table = part.table
    target = literal(folder / part.file_name)

    def copy(rows: str, doubtful: set[str]) -> None:
        values = {name: identifier(name) for name in part.landed}
        for contract, names in part.contracts:
            values |= {name: value_of(contract, name) for name in names & doubtful}
        values |= {name: f"null::{table.types[name]}" for name in part.absent}
        columns = ", ".join(
            f"{value} as {identifier(name)}" for name, value in values.items()
        )
        kept = " and ".join(check.condition for check in part.checks(doubtful))
        connection.execute(
            f"""copy (
                select
                    {columns},
                    {load_id}::integer as _load_id,
                    ({list(file_ids)})[file_index::bigint + 1]::integer as _file_id
                from {rows} as rows_read
                where {kept or "true"}
            ) to {target} (format parquet, compression zstd)"""
        )

    is_written = False
    # What is written in other ways than SQL's is text until it has been looked at.
    spelled = spelled_columns(table)
    streamed = part.reader.stream(
        paths, {n: "varchar" if n in spelled else t for n, t in part.types.items()}
    )
    if streamed is not None:
        # Bare: to find out what one of Arrow's readers is, DuckDB loads pandas, which
        # takes a third of a second.
        connection.register("streamed", streamed.__arrow_c_stream__())
        # It fails where a value is not plainly of its type; the scan looks closer.
        with suppress(duckdb.Error) if looks_closely else nullcontext():
            copy("streamed", spelled)
            is_written = True
        connection.unregister("streamed")
    if not is_written:
        copy(part.reader.scan(paths, part.types), part.doubtful)
    counts = dict(
        connection.execute(
            f"select _file_id, count(*) from {target} group by all"
        ).fetchall()
    )
    complaints = _complaints(connection)
    return [
        None if str(path) in complaints else counts.get(file_id, 0)
        for file_id, path in zip(file_ids, paths, strict=True)
    ]


def _complaints(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the paths of the files of which DuckDB has refused a row."""
    stored = "select 1 from duckdb_tables() where table_name = 'reject_errors'"
    if not connection.execute(stored).fetchone():
        return set()
    paths = connection.execute(
        """select distinct file_path
        from reject_errors inner join reject_scans using (scan_id, file_id)"""
    ).fetchall()
    return {path for (path,) in paths}
