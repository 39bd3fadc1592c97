"""What is elsewhere, fetched into ``build/fetched/`` for landing to find it there.

A fetched file counts from the rename of its record; a killed or failed fetch leaves the
one before it as it was.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.checks import value_of
from ingest.connections import connection_named
from ingest.contract_files import active_sources
from ingest.contracts import Table
from ingest.cursors import first_to_read
from ingest.databases import extract
from ingest.digests import digest
from ingest.ledger import now
from ingest.remote_files import fetch_files
from ingest.sql import connect, literal

_RECORD = "fetched.json"
_FAILURE = "failure.txt"
# No name of a file has a date in it, which would be taken for the delivery's.
_NAMES = ("rows.parquet", "rows-too.parquet")


@dataclass(frozen=True)
class FetchedFile:
    """What was last fetched of a table.

    Attributes
    ----------
    name
        What it is called in messages and the ledger: ``<connection>/<relation>``.
    rows_counted
        By the server, in the snapshot that was read.
    taken_at
        When that was (UTC); if nothing had changed since an earlier fetch, the file is
        the earlier one.
    """

    path: Path
    name: str
    content_hash: str
    size_bytes: int
    rows_counted: int
    taken_at: datetime


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
            except WarehouseError as error:
                (folder / _FAILURE).write_text(str(error))
            else:
                (folder / _FAILURE).unlink(missing_ok=True)


def failure(deployment: Deployment, table: Table) -> str | None:
    """Return why a table could not be fetched the last time; None: it could."""
    path = fetched_folder(deployment, table) / _FAILURE
    # It may have had another origin then.
    return path.read_text() if table.connection and path.exists() else None


def _fetch_files(deployment: Deployment, table: Table) -> None:
    connection = connection_named(table.connection, deployment)
    if table.cursor is not None and connection.kind != "dlt":
        raise WarehouseError(
            f"{table.full_name}: the connection {table.connection} serves files, which "
            "have no cursor. Take it out of the contract."
        )
    since = first_to_read(deployment, table)
    folder = fetched_folder(deployment, table) / "files"
    fetch_files(connection, table.export, folder, since)


def fetched_file(deployment: Deployment, table: Table) -> FetchedFile | None:
    """Return what lies there of a table; None: nothing, or something of another one."""
    folder = fetched_folder(deployment, table)
    try:
        record = json.loads((folder / _RECORD).read_text())
        record["path"] = folder / record["path"]
        record["taken_at"] = datetime.fromisoformat(record["taken_at"])
        found = FetchedFile(**record)
        is_whole = found.path.stat().st_size == found.size_bytes
    # It can be fetched again at any time.
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None
    return found if is_whole and found.name == _name(table) else None


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
    aside = folder / f"{_NAMES[0]}.part"
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
            is_taken = before is not None and before.path.name == _NAMES[0]
            path = aside.rename(folder / _NAMES[is_taken])
            size = path.stat().st_size
            found = FetchedFile(
                *(path, _name(table), read.content_hash, size),
                *(read.rows_counted, taken_at),
            )
    finally:
        aside.unlink(missing_ok=True)
    _record(found)
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


def _record(found: FetchedFile) -> None:
    record = asdict(found) | {
        "path": found.path.name,
        "taken_at": found.taken_at.isoformat(),
    }
    folder = found.path.parent
    aside = folder / f"{_RECORD}.part"
    aside.write_text(json.dumps(record, indent=1))
    aside.replace(folder / _RECORD)
    for name in _NAMES:
        if name != found.path.name:
            (folder / name).unlink(missing_ok=True)


def fetched_folder(deployment: Deployment, table: Table) -> Path:
    """Return where what is fetched of a table lies."""
    return deployment.build / "fetched" / table.source / table.name


def _name(table: Table) -> str:
    return f"{table.connection}/{table.relation}"
