"""The Parquet files of a load: one for all export files that one scan can read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import duckdb

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.readers import reader_for
from ingest.sql import literal

_OWN_NAMES = {"_load_id", "_file_id", "file_index", "file_row_number"}


@dataclass(frozen=True)
class Part:
    """Export files of the same reader and header, and where their rows go."""

    reader: ModuleType
    header: tuple[str, ...]
    files: list[ExportFile]
    file_name: str


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


def count_rows(table: Table, file: ExportFile) -> int:
    """Count the file's rows without the engine that loads them."""
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
) -> list[int]:
    """Write the rows of the part's files and return how many came from each.

    Raises
    ------
    WarehouseError
        If a row breaks the contract.
    """
    target = literal(folder / part.file_name)
    scan = _scan(table, part, part.files)
    try:
        connection.execute(
            f"""copy (
                select
                    * exclude (file_index),
                    {load_id}::integer as _load_id,
                    ({first_file_id} + file_index)::integer as _file_id
                from {scan}
            ) to {target} (format parquet, compression zstd)"""
        )
    except duckdb.Error as error:
        raise _blame(connection, table, part, error) from error
    _refuse_rejects(connection, table, part)
    counts = dict(
        connection.execute(
            f"select _file_id, count(*) from {target} group by all"
        ).fetchall()
    )
    ids = range(first_file_id, first_file_id + len(part.files))
    return [counts.get(file_id, 0) for file_id in ids]


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


def _scan(table: Table, part: Part, files: Sequence[ExportFile]) -> str:
    types = {name: table.types.get(name, "varchar") for name in part.header}
    return part.reader.scan([file.path for file in files], types)


def _blame(
    connection: duckdb.DuckDBPyConnection, table: Table, part: Part, error: duckdb.Error
) -> WarehouseError:
    """Read the files one by one: the scan of all does not say which one it was."""
    for file in part.files:
        try:
            scan = _scan(table, part, [file])
            connection.execute(f"select max(hash(scan)) from {scan} as scan")
        except duckdb.Error as its_error:
            return refuse(table, file.name, its_error)
    return refuse(table, part.files[0].name, error)


def _refuse_rejects(
    connection: duckdb.DuckDBPyConnection, table: Table, part: Part
) -> None:
    stored = "select 1 from duckdb_tables() where table_name = 'reject_errors'"
    if not connection.execute(stored).fetchone():
        return
    first = connection.execute(
        """select file_path, line, column_name, error_message, csv_line,
            count(*) over () as errors
        from reject_errors join reject_scans using (scan_id, file_id)
        order by file_path, line limit 1"""
    ).fetchone()
    if first is None:
        return
    path, line, column, message, text, errors = first
    name = next(file.name for file in part.files if str(file.path) == path)
    where = f"line {line}, column {column}" if column else f"line {line}"
    reason = f"{where}: {message.splitlines()[0]} The line: {text.strip()}"
    more = f" ({errors - 1:,} more like it)" if errors > 1 else ""
    raise refuse(table, name, reason + more)
