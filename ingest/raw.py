"""The raw schemas: DuckDB's view of everything that was landed."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import duckdb

from dbt_models import Deployment
from dbt_models.ops import fill_ops_table
from ingest.builds import begin_anew, begin_change
from ingest.contracts import Table
from ingest.landed_columns import landed_rows
from ingest.ledger import (
    Load,
    file_numbers,
    in_utc,
    now,
    open_rejects,
    read_loads,
    repeated_files,
)
from ingest.snapshots import mark_whole_snapshots
from ingest.sql import connect, identifier

# What every raw table has beside its contract's columns.
LANDING_COLUMNS = {
    "_load_id": "The load that landed the row; ops.loads has it.",
    "_file_id": "The export file that the row stood in; ops.load_files has it.",
    "_file_number": (
        "The file's place among the table's, in the order in which they count."
    ),
    "_row_number": "The row's place among those landed from its file, from 1.",
    "_delivered_at": (
        "The date in the file's name; without one, when it was landed, and for a "
        "table's first load the beginning of time (UTC)."
    ),
    "_known_at": "When the row became known to the company (UTC).",
}

_OF_TABLE = """load_id in (
    select load_id from ops.loads
    where source_system = $source_system and table_name = $table_name
)"""
# All that a raw view shows of its files, beside the rows.
_SHOWN = f"""
    select file_id, load_id, content_hash, first_row, rows_loaded, is_repeated,
        delivered_at, known_at
    from ops.load_files
    where {_OF_TABLE}
"""


def show_table(
    deployment: Deployment, table: Table, refusal: str | None = None
) -> list[Load]:
    """Make a table's landed rows and its part of the ledger visible to the build.

    Parameters
    ----------
    refusal
        Why its newest delivery was not landed; None: there is none, or it was.

    Returns
    -------
    list of Load
        The table's loads, oldest first.
    """
    loads = read_loads(deployment.raw, table.full_name)
    with connect(deployment.build_database) as connection:
        connection.begin()
        begin_change(connection)
        name = {"source_system": table.source, "table_name": table.name}
        built = set(connection.execute(_SHOWN, name).fetchall())
        connection.execute(f"delete from ops.load_files where {_OF_TABLE}", name)
        for ledger in ("loads", "rejects", "refused_deliveries"):
            connection.execute(
                f"""delete from ops.{ledger}
                where source_system = $source_system and table_name = $table_name""",
                name,
            )
        fill_ops_table(connection, "loads", map(_load_row, loads))
        fill_ops_table(connection, "load_files", _file_rows(table, loads, deployment))
        fill_ops_table(connection, "rejects", _reject_rows(table, loads))
        # A file that was built was landed again.
        if not built.issubset(connection.execute(_SHOWN, name).fetchall()):
            begin_anew(connection)
        if refusal is not None:
            row = {**name, "refused_at": now(), "reason": refusal}
            fill_ops_table(connection, "refused_deliveries", [row])
        connection.execute(f"create schema if not exists {table.raw_schema}")
        connection.execute(_view(connection, table, loads, deployment))
        if table.delivery == "snapshot":
            accepted = deployment.params["accepted_snapshots"]
            mark_whole_snapshots(connection, table, accepted)
        connection.commit()
    return loads


def _view(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    loads: Sequence[Load],
    deployment: Deployment,
) -> str:
    """Return the statement that shows all landed rows of a table."""
    parts = [
        load.folder(deployment.raw) / part
        for load in loads
        for part in sorted({file.part for file in load.files})
    ]
    name = f"{table.raw_schema}.{identifier(table.name)}"
    if not parts:
        columns = [
            *(f"null::{type_} as {identifier(c)}" for c, type_ in table.types.items()),
            "null::integer as _load_id, null::integer as _file_id",
            "null::integer as _file_number, null::bigint as _row_number",
            "null::timestamp as _delivered_at, null::timestamp as _known_at",
        ]
        return (
            f"create or replace view {name} as select {', '.join(columns)} where false"
        )
    columns = ", ".join(f"landed.{identifier(column)}" for column in table.types)
    return f"""create or replace view {name} as
        select
            {columns},
            landed._load_id,
            landed._file_id,
            load_files.file_number as _file_number,
            landed.file_row_number - load_files.first_row + 1 as _row_number,
            load_files.delivered_at as _delivered_at,
            {_known_at(table)} as _known_at
        from (
            {landed_rows(connection, table, loads, deployment.raw, parts)}
        ) as landed
        inner join ops.load_files
            on landed._file_id = load_files.file_id and not load_files.is_repeated"""


def _known_at(table: Table) -> str:
    """Return the expression for when a row became known (UTC)."""
    if table.known_at is None:
        return "load_files.known_at"
    column = f"landed.{identifier(table.known_at)}::timestamp"
    return f"coalesce({_to_utc(column, table.timezone)}, load_files.known_at)"


def _to_utc(expression: str, zone: str) -> str:
    if zone == "UTC":
        return expression
    # Of what DuckDB does with zones, this one way back is quick.
    return f"make_timestamp(epoch_us(timezone('{zone}', {expression})))"


def _load_row(load: Load) -> dict[str, Any]:
    return {
        "load_id": load.load_id,
        "source_system": load.source,
        "table_name": load.table,
        "loaded_at": load.loaded_at,
        "delivered_at": load.delivered_at,
        "is_backfill": load.is_backfill,
        "file_count": len(load.files),
        "rows_read": sum(file.rows_read for file in load.files),
        "rows_loaded": load.rows_loaded,
        "rows_rejected": load.rows_rejected,
        "control_amount": load.control_amount,
        "unknown_columns": ", ".join(load.unknown_columns) or None,
        **dict.fromkeys(("rows_before", "rows_missing", "is_whole")),  # of snapshots
    }


def _file_rows(
    table: Table, loads: Sequence[Load], deployment: Deployment
) -> Iterator[dict[str, Any]]:
    """Yield the files with from when they count, and were known.

    A dated delivery is known from the first moment of its business date. A backfill
    without event time is taken as known from the beginning: nobody can say when the
    company learnt what it has always had.
    """
    zone = deployment.params["timezone"]
    repeated = repeated_files(loads)
    numbers = file_numbers(loads, table.timezone)
    for load in loads:
        for file in load.files:
            row = asdict(file)
            del row["part"], row["rejects"], row["stands_for"]
            is_repeated = file.file_id in repeated
            counts_from = load.moment_of(file, table.timezone)
            named = file.delivered_on
            yield {
                "load_id": load.load_id,
                "file_number": numbers[file.file_id],
                "is_repeated": is_repeated,
                **row,
                "delivered_at": counts_from,
                "known_at": in_utc(named, zone) if named else counts_from,
            }


def _reject_rows(table: Table, loads: Sequence[Load]) -> Iterator[dict[str, Any]]:
    still_open = {file.file_id for _, file in open_rejects(loads, table.timezone)}
    for load in loads:
        for file in load.files:
            for rejects in file.rejects:
                yield {
                    "load_id": load.load_id,
                    "file_id": file.file_id,
                    "source_system": load.source,
                    "table_name": load.table,
                    "path": file.path,
                    "column_name": rejects.column_name,
                    "reason": rejects.reason,
                    "row_count": rejects.rows,
                    "is_open": file.file_id in still_open,
                }
