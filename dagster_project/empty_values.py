"""Rows that were landed without a value which they must have, and what to do."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_models import Deployment
from ingest.contracts import Table
from ingest.ledger import read_loads
from ingest.sql import identifier


@dataclass(frozen=True)
class EmptyValues:
    """The rows of a load that lack a value.

    Attributes
    ----------
    first
        The file and the row there of the first one; refused rows are not counted.
    folder
        Where the load is.
    """

    first: str
    folder: Path


def loads_with_empty(
    build: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    table: Table,
    columns: Collection[str],
) -> list[EmptyValues]:
    """Return the loads of export files in which some row lacks one of the columns."""
    # Without one of its loads, a cursor would not go back to read what that had.
    if table.connection is not None:
        return []
    lacks = " or ".join(f"{identifier(name)} is null" for name in columns) or "false"
    found = build.execute(
        f"""select load_id, path, _row_number
        from {table.raw_schema}.{identifier(table.name)} as landed
        inner join ops.load_files on landed._file_id = load_files.file_id
        where {lacks}
        qualify row_number() over (
            partition by load_id order by _file_id, _row_number
        ) = 1
        order by load_id"""
    )
    loads = {load.load_id: load for load in read_loads(deployment.raw, table.full_name)}
    return [
        EmptyValues(
            first=f"row {row:,} of {table.place(path)}",
            folder=loads[id_].folder(deployment.raw),
        )
        for id_, path, row in found.fetchall()
    ]


def landing_again(loads: Sequence[EmptyValues]) -> str:
    """Say how loads come under the contract of now, which nothing does by itself.

    A file of which no row was refused is not landed again when its contract changes.
    """
    return (
        f"delete {' and '.join(str(load.folder) for load in loads)} while the files "
        "are in exports/: the next run lands them under the contract of now, which "
        "refuses such rows (`crm rejects`)"
    )
