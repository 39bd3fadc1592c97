"""From where on a table is read whose rows have a cursor, such as a time of change."""

from datetime import date, timedelta

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.ledger import Load, now, read_loads
from ingest.sql import connect, files, identifier, literal


def first_to_read(deployment: Deployment, table: Table) -> int | date | None:
    """Return the cursor's value from which on to read; None: read the whole table.

    It is the highest one that is landed, less the overlap: no other memory could
    disagree with the rows that are there. Rows that an earlier contract refused are
    read again, once.
    """
    if table.cursor is None:
        return None
    loads = _settled(table, read_loads(deployment.raw, table.full_name))
    parts = {load.folder(deployment.raw) / f.part for load in loads for f in load.files}
    if not parts:
        return None
    rows = (
        f"read_parquet({files(sorted(parts))}, union_by_name = true, "
        "hive_partitioning = false)"
    )
    data_type = table.types[table.cursor]
    value = f"try_cast({identifier(table.cursor)} as {data_type})"
    # One date that is not due yet, or never, would hide all that comes before it.
    latest = now() + timedelta(days=1)
    is_due = f"{value} <= {literal(latest)}" if "int" not in data_type else "true"
    with connect() as duck:
        try:
            there = duck.execute(f"describe from {rows}").fetchall()
            if table.cursor not in {name for name, *_ in there}:
                return None
            (highest,) = duck.execute(
                f"select max({value}) from {rows} where {is_due}"
            ).fetchone()
        except duckdb.Error as error:
            raise WarehouseError(
                f"{table.full_name}: landed rows are lost or damaged "
                f"({str(error).splitlines()[0]}). Put the file back from a backup."
            ) from error
    try:
        return None if highest is None else highest - table.overlap
    except OverflowError:
        return None


def _settled(table: Table, loads: list[Load]) -> list[Load]:
    """Return the loads before the first of which rows are to be read again."""
    refused = [
        place
        for place, load in enumerate(loads)
        if load.rows_rejected and load.columns_hash != table.columns_hash
    ]
    if not refused:
        return loads
    later = loads[refused[-1] + 1 :]
    is_done = any(load.columns_hash == table.columns_hash for load in later)
    return loads if is_done else loads[: refused[0]]
