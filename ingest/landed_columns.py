"""The contract's columns in rows that were landed before it said what it says now."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from dbt_models import WarehouseError
from ingest.contracts import LANDING_NAMES, Column, Table
from ingest.ledger import Load, repeated_files
from ingest.sql import files, identifier


def landed_values(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    loads: Sequence[Load],
    raw: Path,
    landed: str,
) -> dict[str, str]:
    """Return the SQL for each column of the contract over the rows ``landed``.

    A column that a file did not have is empty, unless it had it by an earlier name;
    of several, the newest holds.

    Raises
    ------
    WarehouseError
        If landed rows are lost, not of the contract's types, or if a column seems to
        have had another name that the contract does not tell.
    """
    try:
        described = connection.execute(f"describe from {landed}").fetchall()
    except duckdb.Error as error:
        raise WarehouseError(
            f"{table.full_name}: landed rows are lost or damaged "
            f"({str(error).splitlines()[0]}). Put the file back from a backup; or, if "
            "the load's files are still below exports/, delete the load's folder, and "
            "the next run lands them again."
        ) from error
    # Names that differ in nothing but case are one to DuckDB.
    there = {name.lower(): data_type for name, data_type, *_ in described}
    _require_names(connection, table, loads, raw, there.keys())
    values = {}
    for column in table.columns:
        names = [n for n in column.names if n.lower() in there]
        newer = _newer_names(connection, names, loads, raw) if len(names) > 1 else {}
        casts = []
        for name in names:
            value = f"landed.{identifier(name)}"
            if file_ids := newer.get(name):
                listed = ", ".join(map(str, file_ids))
                value = f"case when landed._file_id not in ({listed}) then {value} end"
            data_type = there[name.lower()]
            _require_type(connection, table, column, value, data_type, landed)
            casts.append(f"cast({value} as {column.data_type})")
        values[column.name] = (
            f"coalesce({', '.join(casts)})" if casts else f"null::{column.data_type}"
        )
    return values


def _newer_names(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    loads: Sequence[Load],
    raw: Path,
) -> dict[str, list[int]]:
    """Return for each name of a column the files that have it and a newer one of it."""
    columns_of = _columns(connection, loads, raw)
    lower = [name.lower() for name in names]
    return {
        name: [
            file.file_id
            for load in loads
            for file in load.files
            for there in [columns_of[load.folder(raw) / file.part]]
            if lower[place] in there and not there.isdisjoint(lower[:place])
        ]
        for place, name in enumerate(names)
    }


def _require_names(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    loads: Sequence[Load],
    raw: Path,
    there: Iterable[str],
) -> None:
    """Raise if a column may be one that the contract does not have any more."""
    new = {column.name.lower() for column in table.columns if column.was is None}
    known = {column.name.lower() for column in table.columns} | {
        name.lower() for column in table.columns for name in column.was or ()
    }
    if not new or known | LANDING_NAMES >= set(there):
        return
    repeated = repeated_files(loads)
    shown = [
        load
        for load in loads
        if load.rows_loaded and any(f.file_id not in repeated for f in load.files)
    ]
    found = _columns(connection, shown, raw)
    columns_of = [
        (
            load,
            frozenset().union(*(found[load.folder(raw) / f.part] for f in load.files)),
        )
        for load in shown
    ]
    doubts = {
        (name, gone): load.load_id
        for load, names in columns_of
        for name in new - names
        # What the contract had then, and has no more.
        for gone in names - known - {name.lower() for name in load.unknown_columns}
        # Where a load has both, neither is the other.
        if not any({name, gone} <= both for _, both in columns_of)
    }
    if doubts:
        lacking = {name for name, _ in doubts}
        gone = sorted({gone for _, gone in doubts})
        raise WarehouseError(
            f"{table.full_name}: rows landed up to load {max(doubts.values())} lack "
            f"the column {', '.join(n for n in table.types if n.lower() in lacking)}, "
            f"and have {', '.join(gone)}, which the contract no longer has. If a "
            f"column was renamed, write `was: [{gone[0]}]` into its config.meta in the "
            "contract; if it is new, `was: []`."
        )


def _columns(
    connection: duckdb.DuckDBPyConnection, loads: Iterable[Load], raw: Path
) -> dict[Path, frozenset[str]]:
    """Return the columns that the files of each part of the loads had."""
    parts = {load.folder(raw) / file.part for load in loads for file in load.files}
    found = connection.execute(
        f"""select file_name, list(lower(name)) from parquet_schema({files(parts)})
        where num_children is null group by all"""
    ).fetchall()
    return {Path(part): frozenset(names) - LANDING_NAMES for part, names in found}


def _require_type(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    column: Column,
    value: str,
    before: str,
    landed: str,
) -> None:
    """Raise if rows landed under an earlier contract are not of this one's type."""
    data_type = column.data_type
    if before.lower() == data_type.replace(" ", ""):
        return
    (rows,) = connection.execute(
        f"""select count(*) from {landed} as landed
        inner join ops.load_files
            on landed._file_id = load_files.file_id and not load_files.is_repeated
        where {value} is not null and try_cast({value} as {data_type}) is null"""
    ).fetchone()
    if rows:
        raise WarehouseError(
            f"{table.full_name}, column {column.name}: {rows:,} rows that are landed "
            f"already ({before}) are not of the type {data_type} that the contract now "
            "has. Give the column a type in the contract that holds them too."
        )
