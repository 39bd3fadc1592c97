"""The Parquet files of a load: one for all export files that one scan can read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
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
    """Export files of the same reader and columns, and where their rows go.

    Attributes
    ----------
    stored
        Column name to the type that it is stored as, in the files' order.
    """

    reader: ModuleType
    stored: Mapping[str, str]
    files: list[ExportFile]
    file_name: str

    def types(self, table: Table) -> dict[str, str]:
        """Column name to the contract's type, in the files' order; text if unknown."""
        return {name: table.types.get(name, "varchar") for name in self.stored}

    def doubtful(self, table: Table) -> set[str]:
        """Columns that are stored as another type than the contract's."""
        return {
            name
            for name, data_type in self.types(table).items()
            if data_type.replace(" ", "") != self.stored[name].replace(" ", "")
        }


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
    groups = defaultdict(list)
    for file in files:
        try:
            reader = reader_for(file.path)
            columns = tuple(reader.columns(file.path))
            _check_header(table, [name for name, _ in columns])
        except (WarehouseError, OSError) as error:
            raise refuse(table, file.name, error) from error
        groups[reader, columns].append(file)
    return [
        Part(reader, dict(columns), group, f"{number}.parquet")
        for number, ((reader, columns), group) in enumerate(groups.items(), start=1)
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
    file_ids: Sequence[int],
) -> list[int | None]:
    """Write the rows that keep the contract and return how many came from each file.

    None: DuckDB refused a row of it.

    Raises
    ------
    duckdb.Error
        If it cannot read on; which file it was in, it does not say.
    """
    target = literal(folder / part.file_name)
    paths, types = [file.path for file in part.files], part.types(table)

    def copy(rows: str, doubtful: Collection[str]) -> None:
        columns = ", ".join(
            f"{value_of(name, types[name], table.timezone)} as {identifier(name)}"
            if name in doubtful
            else identifier(name)
            for name in types
        )
        kept = " and ".join(check.condition for check in checks_of(table, doubtful))
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
    if part.reader.stream is not None:
        connection.register("streamed", part.reader.stream(paths, types))
        # It fails where a value is not plainly of its type; the scan looks closer.
        with suppress(duckdb.Error):
            copy("streamed", doubtful=())
            is_written = True
        connection.unregister("streamed")
    if not is_written:
        copy(part.reader.scan(paths, types), part.doubtful(table))
    counts = dict(
        connection.execute(
            f"select _file_id, count(*) from {target} group by all"
        ).fetchall()
    )
    complaints = _complaints(connection)
    return [
        None if str(file.path) in complaints else counts.get(file_id, 0)
        for file_id, file in zip(file_ids, part.files, strict=True)
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
