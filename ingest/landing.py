"""Landing: export files become one immutable folder of Parquet per load.

A load is written aside and renamed into place when it is complete, so a killed run
leaves nothing half landed.
"""

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.exports import ExportCatalog, ExportFile, new_deliveries
from ingest.ledger import LandedFile, Load, now, read_loads, write_record
from ingest.parts import count_rows, group_files, refuse, write_part
from ingest.sql import connect, files

_ASIDE = ".landing"


def land(table: Table, deployment: Deployment, catalog: ExportCatalog) -> list[Load]:
    """Land the table's new deliveries and return their loads, oldest first.

    Raises
    ------
    WarehouseError
        If a file is not what the contract says; nothing of that load is kept.
    """
    loads = read_loads(deployment.raw)
    mine = [load for load in loads if load.full_name == table.full_name]
    landed = []
    for exports in new_deliveries(table, catalog.files(table), mine):
        aside = deployment.raw / _ASIDE / table.full_name
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        load = _write(table, exports, aside, loads + landed, is_backfill=not mine)
        _move_into_place(load, aside, deployment.raw)
        landed.append(load)
        mine.append(load)
    return landed


def _write(
    table: Table,
    exports: Sequence[ExportFile],
    aside: Path,
    loads: Sequence[Load],
    is_backfill: bool,
) -> Load:
    """Write the files' rows aside and return the load's record."""
    load_id = max((load.load_id for load in loads), default=0) + 1
    last_file_id = max(
        (file.file_id for load in loads for file in load.files), default=0
    )
    parts = group_files(table, exports)
    ordered = [file for part in parts for file in part.files]
    ids = {file: last_file_id + n for n, file in enumerate(ordered, start=1)}
    # Counting reads the files by itself, on the core that the scan leaves free.
    with connect() as connection, ThreadPoolExecutor(1) as counter:
        counting = counter.map(lambda file: count_rows(table, file), ordered)
        try:
            written = [
                write_part(connection, table, part, aside, load_id, ids[part.files[0]])
                for part in parts
            ]
        except WarehouseError:
            list(counting)  # knows better what is wrong with a damaged file
            raise
        rows_read = dict(zip(ordered, counting, strict=True))
        amount = _control_amount(connection, table, aside)
    landed = []
    for part, rows_loaded in zip(parts, written, strict=True):
        first_row = 0
        for file, rows in zip(part.files, rows_loaded, strict=True):
            if rows != rows_read[file]:
                raise refuse(
                    table,
                    file.name,
                    f"it has {rows_read[file]:,} rows, but {rows:,} could be read; "
                    "look for stray quotes or line breaks",
                )
            landed.append(
                LandedFile(
                    file_id=ids[file],
                    path=file.name,
                    content_hash=file.content_hash,
                    size_bytes=file.size_bytes,
                    delivered_on=file.delivered_on,
                    part=part.file_name,
                    first_row=first_row,
                    rows_read=rows_read[file],
                    rows_loaded=rows,
                    rows_rejected=0,
                )
            )
            first_row += rows
    header = {name for part in parts for name in part.header}
    return Load(
        load_id=load_id,
        source=table.source,
        table=table.name,
        loaded_at=now(),
        is_backfill=is_backfill,
        control_amount=amount,
        unknown_columns=tuple(sorted(header - table.types.keys())),
        files=tuple(landed),
    )


def _control_amount(
    connection: duckdb.DuckDBPyConnection, table: Table, folder: Path
) -> Decimal | None:
    if table.control_amount is None:
        return None
    parts = files(folder.glob("*.parquet"))
    try:
        (amount,) = connection.execute(
            f"""select coalesce(sum({table.control_amount}), 0)::decimal(38, 4)
            from read_parquet({parts}, union_by_name = true)"""
        ).fetchone()
    except duckdb.Error as error:
        raise WarehouseError(
            f"{table.full_name}: control_amount '{table.control_amount}' in its "
            f"contract cannot be summed up ({str(error).splitlines()[0]}). "
            "Mend the contract."
        ) from error
    return amount


def _move_into_place(load: Load, aside: Path, raw: Path) -> None:
    write_record(load, aside)
    for path in aside.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    folder = load.folder(raw)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(folder)
    descriptor = os.open(folder.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
