"""Landing: export files become one immutable folder of Parquet per load.

A load is written aside and renamed into place when it is complete, so a killed run
leaves nothing half landed.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import duckdb

from dbt_models import Deployment
from ingest.contracts import Table
from ingest.deliveries import Delivery, changes, new_deliveries
from ingest.elsewhere.fetching import failure
from ingest.exports import ExportCatalog, ExportFile
from ingest.ledger import (
    LandedFile,
    Load,
    next_ids,
    read_loads,
    time_of_next,
    write_record,
)
from ingest.mended import closed_rejects, is_mended
from ingest.parts import Part, group_files
from ingest.quarantine import copies_folder, keep, quarantine_file
from ingest.reading import Rows, read_rows
from ingest.rejects import RefusedDeliveryError, Reject, count_reasons, count_rows
from ingest.snapshots import require_one_delivery
from ingest.sql import connect, files
from ingest.unchanged import copy_rows, known_files, unchanged_files

_ASIDE = ".landing"
# Writes a load's rows to a folder, beside all loads that there are.
_Write = Callable[
    [Path, Sequence[Load]], tuple[Load, Mapping[ExportFile, list[Reject]]]
]


def land(table: Table, deployment: Deployment, catalog: ExportCatalog) -> list[Load]:
    """Land the table's new deliveries and return their loads, oldest first.

    Raises
    ------
    RefusedDeliveryError
        If a file is not what its name says, or more of a load's rows break the
        contract than it allows, or it could not be fetched; nothing of that load is
        kept.
    """
    if reason := failure(deployment, table):
        raise RefusedDeliveryError(reason)
    loads = read_loads(deployment.raw)
    mine = [load for load in loads if load.full_name == table.full_name]
    quarantine_file(deployment, table.full_name).unlink(missing_ok=True)
    landed: list[Load] = []

    def put(write: _Write) -> None:
        with _folder_aside(deployment, table) as aside:
            load, rejects = write(aside, loads + landed)
            closed = closed_rejects(table, deployment, mine + landed, load, aside)
            load = replace(load, closes=closed)
            # A run may have been killed just here.
            quarantine_file(deployment, table.full_name, load.load_id).unlink(
                missing_ok=True
            )
            if rejects:
                keep(deployment, table.full_name, rejects, load.load_id)
            _move_into_place(load, aside, deployment.raw)
        landed.append(load)

    files = catalog.files(table)
    same = partial(is_mended, table, deployment)
    known = known_files(table, deployment, mine)
    waiting: list[Delivery] = []
    try:
        waiting += new_deliveries(table, files, mine, known, same)
        while waiting:
            put(partial(_write, table, deployment, waiting[0]))
            del waiting[0]
    except RefusedDeliveryError as error:
        # What came unchanged beside it may be gone by the next run.
        unchanged_files(table, deployment, files, mine + landed)
        # Files count in their order, so that those behind it cannot go before it.
        others = sum(len(delivery.files) for delivery in waiting) - 1
        if others < 1:
            raise
        files_wait = "1 other file waits" if others == 1 else f"{others:,} others wait"
        raise RefusedDeliveryError(
            f"{error} Until then, {files_wait} with it."
        ) from error
    unchanged = unchanged_files(table, deployment, files, mine + landed)
    # What has come in before them makes them a change.
    for again in changes(table, unchanged, mine + landed):
        put(partial(copy_rows, table, deployment, again))
    return landed


@contextmanager
def _folder_aside(deployment: Deployment, table: Table) -> Iterator[Path]:
    """Give an empty folder to write a load to; what is not moved from it goes."""
    aside = deployment.raw / _ASIDE / table.full_name
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed
    aside.mkdir(parents=True)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(
    table: Table,
    deployment: Deployment,
    delivery: Delivery,
    aside: Path,
    loads: Sequence[Load],
) -> tuple[Load, Mapping[ExportFile, list[Reject]]]:
    """Write the files' rows aside; return the load's record and the refused rows."""
    load_id, first_file_id = next_ids(loads)
    # In the order of their names: of rows with one key, the later file's holds.
    ids = {file: n for n, file in enumerate(delivery.files, start=first_file_id)}
    with connect() as connection, copies_folder(deployment) as folder:
        parts = group_files(table, delivery.files, folder)
        rows = read_rows(
            connection, table, deployment, parts, aside, load_id, ids, folder
        )
        amounts = _control_amounts(connection, table, aside)
        if table.delivery == "snapshot":
            require_one_delivery(connection, table, ids, aside)
    loaded_at = time_of_next(loads)
    first = delivery.repeats
    is_first = all(load.full_name != table.full_name for load in loads)
    return Load(
        load_id=load_id,
        source=table.source,
        table=table.name,
        loaded_at=loaded_at,
        delivered_at=first.delivered_at if first else loaded_at,
        repeats=first.load_id if first else None,
        is_snapshot=table.delivery == "snapshot",
        is_backfill=first.is_backfill if first else is_first,
        columns_hash=table.columns_hash,
        unknown_columns=tuple(
            sorted({name for part in parts for name in part.landed} - set(table.types))
        ),
        files=tuple(_landed_files(parts, ids, delivery, rows, amounts)),
        reading=table.reading,
    ), {file: rejects for file, rejects in rows.rejects.items() if rejects}


def _landed_files(
    parts: Iterable[Part],
    ids: Mapping[ExportFile, int],
    delivery: Delivery,
    rows: Rows,
    amounts: Mapping[int, Decimal] | None,
) -> Iterator[LandedFile]:
    before = delivery.repeats.files if delivery.repeats else ()
    landed = {file.file_id: file for file in before}
    for part in parts:
        first_row = 0
        for file in part.files:
            stands_for = delivery.stands_for.get(file.name)
            rejects = rows.rejects.get(file, ())
            yield LandedFile(
                file_id=ids[file],
                path=file.name,
                content_hash=file.content_hash,
                size_bytes=file.size_bytes,
                delivered_on=_delivered_on(file, landed.get(stands_for)),
                part=part.file_name,
                first_row=first_row,
                rows_read=rows.read[file],
                rows_loaded=rows.loaded[file],
                rows_rejected=count_rows(rejects),
                control_amount=(
                    None if amounts is None else amounts.get(ids[file], Decimal(0))
                ),
                rejects=count_reasons(rejects),
                stands_for=stands_for,
            )
            first_row += rows.loaded[file]


def _delivered_on(file: ExportFile, first: LandedFile | None) -> datetime | None:
    """Return the date from which a file counts: landed again, from no later one."""
    if first is None or first.delivered_on == file.delivered_on:
        return file.delivered_on
    if first.delivered_on is None or file.delivered_on is None:
        return first.delivered_on
    return min(first.delivered_on, file.delivered_on)


def _control_amounts(
    connection: duckdb.DuckDBPyConnection, table: Table, folder: Path
) -> dict[int, Decimal] | None:
    """Sum the contract's control amount by file id; None if the contract has none."""
    if table.control_amount is None:
        return None
    parts = files(folder.glob("*.parquet"))
    try:
        amounts = connection.execute(
            f"""select _file_id, sum({table.control_amount})::decimal(38, 4)
            from read_parquet({parts}, union_by_name = true, hive_partitioning = false)
            group by _file_id"""
        ).fetchall()
    except duckdb.Error as error:
        # What it says may hold a value of a row, and reasons are published.
        raise RefusedDeliveryError(
            f"{table.full_name}: control_amount '{table.control_amount}' in its "
            f"contract cannot be summed up ({type(error).__name__}). Nothing of this "
            "load was kept; mend the contract and run again."
        ) from error
    return dict(amounts)


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
