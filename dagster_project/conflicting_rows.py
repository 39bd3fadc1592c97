"""Rows of one file that have one key and different amounts, and what to do."""

from collections.abc import Iterator

import duckdb

from dbt_models import Deployment
from ingest.contracts.sources import active_sources
from ingest.ledger import read_loads
from ingest.sql import identifier


def conflicting_rows(
    build: duckdb.DuckDBPyConnection, deployment: Deployment
) -> Iterator[str]:
    """Yield a sentence per table of events that has such rows, with the first two."""
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
                    f"one of them would count. If both are right, write more columns "
                    f"into the key of {table.full_name}, or take it out of the "
                    "contract: then all rows count. If not, mend the file and delete "
                    f"{load.folder(deployment.raw)} while the files of that load are "
                    "in exports/: the next run lands them again."
                )
