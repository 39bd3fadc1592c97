"""What was last fetched of a table of a database, below ``build/fetched/``."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from dbt_models import Deployment
from ingest.contracts import Table

_RECORD = "fetched.json"
# No name of a file has a date in it, which would be taken for the delivery's.
NAMES = ("rows.parquet", "rows-too.parquet")


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


def fetched_file(deployment: Deployment, table: Table) -> FetchedFile | None:
    """Return what lies there of a table; None: nothing, or something of another one."""
    folder = fetched_folder(deployment, table)
    try:
        said = json.loads((folder / _RECORD).read_text())
        said["path"] = folder / said["path"]
        said["taken_at"] = datetime.fromisoformat(said["taken_at"])
        found = FetchedFile(**said)
        is_whole = found.path.stat().st_size == found.size_bytes
    # It can be fetched again at any time.
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None
    return found if is_whole and found.name == name_of(table) else None


def record(found: FetchedFile) -> None:
    """Let a file count from now on, and take away the one that did."""
    said = asdict(found) | {
        "path": found.path.name,
        "taken_at": found.taken_at.isoformat(),
    }
    folder = found.path.parent
    aside = folder / f"{_RECORD}.part"
    aside.write_text(json.dumps(said, indent=1))
    aside.replace(folder / _RECORD)
    for name in NAMES:
        if name != found.path.name:
            (folder / name).unlink(missing_ok=True)


def fetched_folder(deployment: Deployment, table: Table) -> Path:
    """Return where what is fetched of a table lies."""
    return deployment.build / "fetched" / table.source / table.name


def name_of(table: Table) -> str:
    """Return what a table of a database is called in messages and the ledger."""
    return f"{table.connection}/{table.relation}"
