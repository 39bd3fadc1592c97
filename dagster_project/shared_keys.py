"""Rows of one file that have one key and say different things, and what to do."""

from collections.abc import Iterator

import duckdb

from dbt_models import Deployment
from ingest.contracts import Table
from ingest.contracts.sources import active_sources
from ingest.ledger import read_loads
from ingest.sql import identifier

_OVERRULED = """
    select source_system, table_name, rows_overruled, path, overruled_row_number
    from ops.control_amounts
    inner join ops.load_files on overruled_file_id = file_id
    order by all
"""


def overruled_rows(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> list[str]:
    """Return a sentence per table of which rows do not count, at the same amount."""
    tables = {
        (source.name, table.name): table
        for source in active_sources(deployment)
        for table in source.tables
    }
    return [
        f"{table.full_name}: {rows:,} {'row is' if rows == 1 else 'rows are'} left out"
        f"{', ' if rows == 1 else ', the first of them '}row {row:,} of "
        f"{table.place(path)}: a later one there has the same key "
        f"({', '.join(table.key)}) and the same amount, and other values elsewhere. If "
        f"each counts, {_wider_key(table)} If not, mend the file."
        for *name, rows, path, row in published.execute(_OVERRULED).fetchall()
        if (table := tables.get(tuple(name)))
    ]


def conflicting_rows(
    build: duckdb.DuckDBPyConnection, deployment: Deployment
) -> Iterator[str]:
    """Yield a sentence per table with the first two at different amounts."""
    for source in active_sources(deployment):
        for table in source.tables:
            # Elsewhere the newer one counts.
            is_right = table.delivery == "upsert" or table.version_by
            if table.control_amount is None or not table.key or is_right:
                continue
            keys = ", ".join(map(identifier, table.key))
            found = build.execute(
                f"""select load_id, path, min(_row_number),
                    min(_row_number) filter (amount <> first_amount)
                from (
                    select _file_id, _row_number, {keys},
                        {table.control_amount} as amount,
                        first({table.control_amount}) over (
                            partition by {keys}, _file_id order by _row_number
                        ) as first_amount
                    from {table.raw_schema}.{identifier(table.name)}
                ) as landed
                inner join ops.load_files on landed._file_id = load_files.file_id
                group by {keys}, load_id, path
                having bool_or(amount <> first_amount)
                order by load_id, path, 3
                limit 1"""
            ).fetchone()
            if found:
                id_, path, first, second = found
                loads = read_loads(deployment.raw, table.full_name)
                (load,) = (load for load in loads if load.load_id == id_)
                yield (
                    f"Rows {first:,} and {second:,} of {table.place(path)} have one "
                    f"key ({', '.join(table.key)}) and different amounts, and only "
                    f"one of them would count. If both are right, {_wider_key(table)} "
                    "If not, mend the file and delete "
                    f"{load.folder(deployment.raw)} while the files of that load are "
                    "in exports/: the next run lands them again."
                )


def _wider_key(table: Table) -> str:
    """Return how the contract makes such rows count."""
    advice = f"write more columns into the key of {table.full_name}"
    if table.delivery == "append":
        return f"{advice}, or take it out of the contract: then all rows count."
    return f"{advice}."
