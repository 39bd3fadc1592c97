"""The ledger of exports, ``data/lists/.exports/``: one record per list taken away.

The list waits beside its record, and the record counts from the moment in which the
list is renamed into place: the one step that makes both true. What a killed export
leaves is no export, and the next one removes it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dbt_models import Deployment, WarehouseError


@dataclass(frozen=True)
class ListExport:
    """One list that was taken away; ``ops.list_exports`` says what each field is."""

    exported_at: datetime
    exported_by: str
    list_kind: str
    segment: str
    file_name: str
    content_hash: str
    customer_count: int
    left_out_count: int
    is_unfiltered: bool
    as_of_date: date
    published_at: datetime
    fingerprint: str


@contextmanager
def waiting_list(deployment: Deployment, exported_at: datetime) -> Iterator[Path]:
    """Give the path at which a list is written, readable by this user only.

    Exports wait for each other. Without :func:`take_away`, nothing was exported.
    """
    folder = _folder(deployment)
    deployment.lists.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / ".lock").open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        _remove_unfinished(folder)
        path = folder / f"{exported_at:%Y%m%dT%H%M%S%f}.csv"
        path.touch(mode=0o600, exist_ok=False)
        try:
            yield path
        finally:
            _remove_unfinished(folder)


def take_away(deployment: Deployment, waiting: Path, export: ListExport) -> Path:
    """Record the export, and put the list where it can be seen."""
    record = waiting.with_suffix(".json")
    with record.open("x") as stream:
        json.dump(asdict(export), stream, indent=1, default=lambda x: x.isoformat())
        stream.flush()
        os.fsync(stream.fileno())
    return waiting.replace(deployment.lists / export.file_name)


def read_exports(deployment: Deployment) -> list[ListExport]:
    """Return every export, oldest first.

    Raises
    ------
    WarehouseError
        If a record is damaged.
    """
    records = sorted(_folder(deployment).glob("*.json"))
    # Looked for first: a record is whole before its list goes.
    return [_read(x) for x in records if not x.with_suffix(".csv").exists()]


def export_rows(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the rows of ``ops.list_exports``."""
    return [asdict(export) for export in read_exports(deployment)]


def _folder(deployment: Deployment) -> Path:
    return deployment.lists / ".exports"


def _remove_unfinished(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        # The record first: without its list it would count.
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink()


def _read(path: Path) -> ListExport:
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        return ListExport(
            **{
                **record,
                "exported_at": datetime.fromisoformat(record["exported_at"]),
                "as_of_date": date.fromisoformat(record["as_of_date"]),
                "published_at": datetime.fromisoformat(record["published_at"]),
            }
        )
    except (LookupError, TypeError, ValueError) as error:
        raise WarehouseError(
            f"{path}, the record of a list's export, is damaged ({error!r}). Put it "
            "back from a backup; or move it away, and this export is no longer known."
        ) from error
