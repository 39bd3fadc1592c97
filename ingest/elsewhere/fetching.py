"""What is elsewhere, fetched into ``build/fetched/`` for landing to find it there.

A fetched file counts from the rename of its record; a killed or failed fetch leaves the
one before it as it was.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.checks import value_of
from ingest.contracts import Table
from ingest.contracts.sources import active_sources
from ingest.disk import is_disk_full
from ingest.elsewhere.connections import connection_named
from ingest.elsewhere.cursors import first_to_read
from ingest.elsewhere.databases import extract
from ingest.elsewhere.digests import digest
from ingest.elsewhere.fetched import (
    NAMES,
    FetchedFile,
    fetched_file,
    fetched_folder,
    name_of,
    record,
)
from ingest.elsewhere.reasons import kind_and_place
from ingest.elsewhere.remote_files import fetch_files
from ingest.ledger import now, read_loads
from ingest.sql import connect, literal

_FAILURE = "failure.txt"


@dataclass(frozen=True)
class Fetch:
    """What one fetch of a table did.

    Attributes
    ----------
    since
        The cursor's value from which on rows were read; None: the whole table was.
    rows_read
        Rows that came, also if nothing in them was new.
    is_new
        Whether there is a file that was not there before.
    """

    table: Table
    since: int | date | None
    rows_read: int
    is_new: bool


def fetch_all(deployment: Deployment) -> None:
    """Fetch what is new for all tables of active sources that do not lie in files here.

    Where that fails, landing says why, and the other tables go on.
    """
    for source in active_sources(deployment):
        for table in source.tables:
            if table.connection is None:
                continue
            folder = fetched_folder(deployment, table)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                if table.export is None:
                    fetch_table(deployment, table)
                else:
                    _fetch_files(deployment, table)
            except Exception as error:
                if is_disk_full(error):
                    raise
                said = _reason(table, error)
                (folder / _FAILURE).write_text(said, "utf-8", "backslashreplace")
            else:
                (folder / _FAILURE).unlink(missing_ok=True)


def _reason(table: Table, error: Exception) -> str:
    if isinstance(error, WarehouseError):
        return str(error)
    # What it says may repeat a row or a password.
    return (
        f"{table.full_name} ({table.origin}) could not be fetched, for a reason that "
        f"nobody has foreseen: {kind_and_place(error)}. What was fetched before stays; "
        "run again, and report this if it comes again."
    )


def failure(deployment: Deployment, table: Table) -> str | None:
    """Return why a table could not be fetched the last time; None: it could."""
    path = fetched_folder(deployment, table) / _FAILURE
    # It may have had another origin then.
    return path.read_text("utf-8") if table.connection and path.exists() else None


def _fetch_files(deployment: Deployment, table: Table) -> None:
    connection = connection_named(table.connection, deployment)
    if table.cursor is not None and connection.kind != "dlt":
        raise WarehouseError(
            f"{table.full_name}: the connection {table.connection} serves files, which "
            "have no cursor. Take it out of the contract."
        )
    since = first_to_read(deployment, table)
    folder = fetched_folder(deployment, table) / "files"
    name = f"{table.connection}/{table.export}"
    loads = read_loads(deployment.raw, table.full_name)
    is_expected = any(file.path == name for load in loads for file in load.files)
    fetch_files(connection, table.export, folder, since, is_expected)


def fetch_table(deployment: Deployment, table: Table) -> Fetch:
    """Fetch what is new in a table of a database.

    Raises
    ------
    WarehouseError
        If it cannot be read; what was fetched of it before stays.
    """
    connection = connection_named(table.connection, deployment)
    since = first_to_read(deployment, table)
    before = fetched_file(deployment, table)
    folder = fetched_folder(deployment, table)
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{NAMES[0]}.part"
    taken_at = now()
    try:
        read = extract(connection, table, since, aside)
        if before is not None and (
            before.content_hash == read.content_hash
            or _has_all(table, since, before.path, aside)
        ):
            found = replace(before, taken_at=taken_at)
        else:
            # Beside the file that counts until the record is renamed.
            is_taken = before is not None and before.path.name == NAMES[0]
            path = aside.rename(folder / NAMES[is_taken])
            size = path.stat().st_size
            found = FetchedFile(
                *(path, name_of(table), read.content_hash, size),
                *(read.rows_counted, taken_at),
            )
    finally:
        aside.unlink(missing_ok=True)
    record(found)
    is_new = before is None or found.path != before.path
    return Fetch(table, since, read.rows_counted, is_new)


def _has_all(table: Table, since: int | date | None, before: Path, aside: Path) -> bool:
    """Return whether the file before has all that was read, and as it is now.

    Without that, each fetch would bring the overlap as something new.
    """
    if since is None:
        return False
    value = value_of(table, table.cursor)
    condition = f"coalesce({value} >= {literal(since)}, true)"
    with connect() as duck:
        try:
            return digest(duck, before, condition) == digest(duck, aside, condition)
        except duckdb.Error:
            return False
