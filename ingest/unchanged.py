"""Dated deliveries that say what the one before them said: landed only once it matters.

Their rows are in raw already. That they came, and when, is kept beside the table's
loads, for their files may be gone by the day on which a late one comes in between.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.ledger import Load, next_ids, time_of_next
from ingest.quarantine import kept
from ingest.rejects import Reject
from ingest.repeats import content_of, moved_files
from ingest.sql import connect, files, literal

RECORD = "_unchanged.json"


def known_files(
    table: Table, deployment: Deployment, loads: Iterable[Load]
) -> list[ExportFile]:
    """Return the files of the unchanged deliveries that have been kept."""
    return _known(table, deployment, _read(_record(table, deployment)), loads)


def unchanged_files(
    table: Table, deployment: Deployment, here: Iterable[ExportFile], loads: list[Load]
) -> list[ExportFile]:
    """Return the files of all unchanged deliveries, and keep those that have just come.

    Parameters
    ----------
    here
        The table's export files, of which all that is new has been landed.
    loads
        The table's complete loads.
    """
    if table.delivery == "append":
        return []  # equal content is the same events, whenever it comes
    path = _record(table, deployment)
    before = _read(path)
    known = _grouped(table, _known(table, deployment, before, loads))
    here = [file for file in here if file.delivered_on]
    moved = moved_files(here, loads) if table.delivery == "upsert" else ()
    dated = _grouped(table, [file for file in here if file not in moved])
    # What came under the same date or name since, came in its place; fewer parts of it
    # are what is left of it.
    since = {
        delivery: files
        for delivery, files in dated.items()
        if not content_of(files) <= content_of(known.get(delivery, ()))
    }
    found = _in_raw(table, known | since, loads)
    records = [
        {name: value for name, value in asdict(file).items() if name != "path"}
        for file in found
    ]
    if records != before:
        aside = path.with_suffix(".part")
        with aside.open("w") as stream:
            json.dump(records, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    return found


def copy_rows(
    table: Table,
    deployment: Deployment,
    delivery: Sequence[ExportFile],
    aside: Path,
    loads: Sequence[Load],
) -> tuple[Load, Mapping[ExportFile, list[Reject]]]:
    """Write rows landed from files of the same content aside once more.

    Returns
    -------
    tuple
        The load's record, and the refused rows.
    """
    *_, source = (
        load
        for load in loads
        if load.full_name == table.full_name
        and content_of(delivery) <= content_of(load.files)
    )
    there = {file.content_hash: file for file in source.files}
    load_id, first_id = next_ids(loads)
    landed, refused = [], {}
    with connect() as connection:
        for number, file in enumerate(delivery):
            before = there[file.content_hash]
            part, file_id = f"{number + 1}.parquet", first_id + number
            connection.execute(
                f"""copy (
                    select * replace (
                        {load_id}::integer as _load_id, {file_id}::integer as _file_id
                    )
                    from read_parquet(
                        {files([source.folder(deployment.raw) / before.part])},
                        hive_partitioning = false
                    )
                    where _file_id = {before.file_id}
                ) to {literal(aside / part)} (format parquet, compression zstd)"""
            )
            landed.append(
                replace(
                    before,
                    file_id=file_id,
                    path=file.name,
                    delivered_on=file.delivered_on,
                    part=part,
                    first_row=0,
                    stands_for=None,
                )
            )
            if rejects := kept(deployment, source, before):
                refused[file] = rejects
    return replace(
        source,
        load_id=load_id,
        loaded_at=(moment := time_of_next(loads)),
        delivered_at=moment,
        repeats=None,
        is_backfill=False,
        files=tuple(landed),
        closes=(),
    ), refused


def _grouped(
    table: Table, files: Iterable[ExportFile]
) -> dict[datetime | str | None, list[ExportFile]]:
    """Group the files by delivery: snapshots are known by their dates."""
    groups = defaultdict(list)
    for file in files:
        is_part = table.delivery == "snapshot"
        groups[file.delivered_on if is_part else file.name].append(file)
    return groups


def _known(
    table: Table,
    deployment: Deployment,
    records: Iterable[Mapping[str, Any]],
    loads: Iterable[Load],
) -> list[ExportFile]:
    """Return the files in a record of unchanged deliveries that still are such."""
    known = [ExportFile(deployment.exports / file["name"], **file) for file in records]
    return _in_raw(table, _grouped(table, known), loads)


def _in_raw(
    table: Table,
    deliveries: Mapping[datetime | str | None, list[ExportFile]],
    loads: Iterable[Load],
) -> list[ExportFile]:
    """Return the files of deliveries that are not landed, while their rows are."""
    loads = list(loads)
    landed = {
        file.delivered_on if table.delivery == "snapshot" else file.path
        for load in loads
        for file in load.files
    }
    loads_with = defaultdict(set)
    for load in loads:
        for file in load.files:
            loads_with[file.content_hash].add(load.load_id)
    return [
        file
        for delivery, files in deliveries.items()
        if delivery not in landed
        # Whoever has deleted a load wants its files landed again.
        and set.intersection(*(loads_with[file.content_hash] for file in files))
        for file in files
    ]


def _record(table: Table, deployment: Deployment) -> Path:
    return deployment.raw / table.source / table.name / RECORD


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise WarehouseError(
            f"{path}, which says when deliveries came that changed nothing, is damaged "
            f"({error}). Put it back from a backup."
        ) from error
