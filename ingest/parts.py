"""The Parquet files of a load: one for all export files that one scan can read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import duckdb

from dbt_models import WarehouseError
from ingest.checks import checks_of, value_of
from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.readers import reader_for
from ingest.sql import identifier, literal

_OWN_NAMES = {"_line", "_load_id", "_file_id", "file_index", "file_row_number"}


@dataclass(frozen=True)
class Part:
    """Export files of the same reader and header, and where their rows go."""

    reader: ModuleType
    header: tuple[str, ...]
    files: list[ExportFile]
    file_name: str

    def types(self, table: Table) -> dict[str, str]:
        """Column name to DuckDB type, in the header's order; text if unknown."""
        return {name: table.types.get(name, "varchar") for name in self.header}


def refuse(table: Table, file_name: str, reason: object) -> WarehouseError:
    """Return the error that says which file stops a load, and why."""
    # DuckDB shows its own SQL below the first line.
    first = str(reason).strip().splitlines()[0].rstrip(".")
    return WarehouseError(
        f"exports/{file_name}: {first}. Nothing of this load "
        f"of {table.full_name} was kept; mend the file (or its contract) and run again."
    )


def group_files(table: Table, files: Sequence[ExportFile]) -> list[Part]:
    """Group the files by what one scan can read.

    Raises
    ------
    WarehouseError
        If a file cannot be opened as what its name says, or lacks a column.
    """
    groups: dict[tuple[ModuleType, tuple[str, ...]], list[ExportFile]]
    groups = defaultdict(list)
    for file in files:
        try:
            reader = reader_for(file.path)
            header = tuple(reader.columns(file.path))
            _check_header(table, header)
        except (WarehouseError, OSError) as error:
            raise refuse(table, file.name, error) from error
        groups[reader, header].append(file)
    return [
        Part(reader, header, group, f"{number}.parquet")
        for number, ((reader, header), group) in enumerate(groups.items(), start=1)
    ]


def count_rows(table: Table, file: ExportFile) -> int | None:
    """Count the file's rows without the engine that loads them.

    None: only sifting can tell its rows apart.
    """
    try:
        return reader_for(file.path).count_rows(file.path)
    except (WarehouseError, OSError) as error:
        raise refuse(table, file.name, error) from error


def write_part(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    part: Part,
    folder: Path,
    load_id: int,
    first_file_id: int,
) -> list[int | None]:
    """Write the rows that keep the contract and return how many came from each file.

    None: DuckDB refused a row of it.

    Raises
    ------
    duckdb.Error
        If it cannot read on; which file it was in, it does not say.
    """
    target = literal(folder / part.file_name)
    scan = part.reader.scan([file.path for file in part.files], part.types(table))
    columns = ", ".join(
        f"{value_of(name, data_type, table.timezone)} as {identifier(name)}"
        for name, data_type in part.types(table).items()
    )
    kept = " and ".join(check.condition for check in checks_of(table, part.reader))
    connection.execute(
        f"""copy (
            select
                {columns},
                {load_id}::integer as _load_id,
                ({first_file_id} + file_index)::integer as _file_id
            from {scan} as rows_read
            where {kept or "true"}
        ) to {target} (format parquet, compression zstd)"""
    )
    counts = dict(
        connection.execute(
            f"select _file_id, count(*) from {target} group by all"
        ).fetchall()
    )
    complaints = _complaints(connection)
    return [
        None if str(file.path) in complaints else counts.get(file_id, 0)
        for file_id, file in enumerate(part.files, start=first_file_id)
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


def _check_header(table: Table, header: Sequence[str]) -> None:
    missing = [name for name in table.types if name not in header]
    if missing:
        raise WarehouseError(
            f"wrong header: column {', '.join(missing)} is missing; "
            f"it has {', '.join(header)}"
        )
    seen: set[str] = set()
    for name in header:
        if not name.strip():
            raise WarehouseError("wrong header: a column has no name")
        if name.lower() in seen:
            raise WarehouseError(f"wrong header: column {name} stands in it twice")
        if name.lower() in _OWN_NAMES:
            raise WarehouseError(
                f"wrong header: landing itself uses the name {name}; rename the column"
            )
        seen.add(name.lower())
