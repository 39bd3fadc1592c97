"""The export files of a table, and which of them are deliveries not landed yet."""

import hashlib
import json
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.ledger import Load

_DATE = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")
# A file written this recently may change again within its timestamp's resolution.
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class ExportFile:
    """One file below ``exports/``, identified by its content."""

    path: Path
    name: str
    content_hash: str
    size_bytes: int

    @property
    def delivered_on(self) -> date | None:
        """The delivery date in the file's name (2026-11-22 or 20261122)."""
        match = _DATE.search(self.path.name)
        try:
            return date(*map(int, match.groups())) if match else None
        except ValueError:
            return None


class ExportCatalog:
    """Finds export files and their content hashes.

    A file whose size and times are as they were is not read again; the memory of
    that is in ``build/`` and may be deleted.
    """

    def __init__(self, deployment: Deployment):
        self._exports = deployment.exports
        self._memory_path = deployment.build / "file_hashes.json"
        try:
            self._memory = json.loads(self._memory_path.read_text())
        except (OSError, json.JSONDecodeError):
            self._memory = {}

    def files(self, table: Table) -> list[ExportFile]:
        """Return the table's files in order of their names.

        Raises
        ------
        WarehouseError
            If a file cannot be read.
        """
        paths = sorted(self._exports.glob(table.export))
        return [self._file(path) for path in paths]

    def remember(self) -> None:
        """Keep the hashes for the next run."""
        self._memory_path.parent.mkdir(parents=True, exist_ok=True)
        self._memory_path.write_text(json.dumps(self._memory))

    def _file(self, path: Path) -> ExportFile:
        name = path.relative_to(self._exports).as_posix()
        try:
            stat = path.stat()
            stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
            known = self._memory.get(name)
            if known is None or known["stamp"] != stamp:
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                known = {"stamp": stamp, "hash": digest}
                if time.time_ns() - stat.st_mtime_ns > _SETTLED_NS:
                    self._memory[name] = known
        except OSError as error:
            raise WarehouseError(
                f"exports/{name} cannot be read ({os.strerror(error.errno)}). Make it "
                "a file that this user may read, or take it away; then run again."
            ) from error
        return ExportFile(path, name, known["hash"], stat.st_size)


def new_deliveries(
    table: Table, files: Sequence[ExportFile], loads: Iterable[Load]
) -> list[list[ExportFile]]:
    """Group the files that are not landed yet into loads, in landing order.

    Parameters
    ----------
    table
        The contract; its ``delivery`` decides what counts as the same delivery.
    files
        All the table's files, in order of their names.
    loads
        The table's complete loads, oldest first.
    """
    loads = list(loads)
    if table.delivery == "append":
        landed = {file.content_hash for load in loads for file in load.files}
        fresh = {file.content_hash: file for file in reversed(files)}
        new = [file for hash_, file in fresh.items() if hash_ not in landed]
        return [new[::-1]] if new else []
    if table.delivery == "upsert":
        latest = {file.path: file.content_hash for load in loads for file in load.files}
        new = [file for file in files if latest.get(file.name) != file.content_hash]
        new.sort(key=lambda file: file.delivered_on or date.min)
        return [new] if new else []
    return _new_snapshots(files, loads)


def _new_snapshots(
    files: Sequence[ExportFile], loads: list[Load]
) -> list[list[ExportFile]]:
    parts: dict[date | None, list[ExportFile]] = defaultdict(list)
    for file in files:
        parts[file.delivered_on].append(file)
    landed = [
        (load.files[0].delivered_on, {file.content_hash for file in load.files})
        for load in loads
    ]
    new = []
    for day in sorted(parts, key=lambda day: day or date.min):
        content = {file.content_hash for file in parts[day]}
        # A late snapshot is compared with the one before it, not with the newest.
        earlier = [
            (then or date.min, order, hashes)
            for order, (then, hashes) in enumerate(landed)
            if day is None or (then or date.min) <= day
        ]
        if not earlier or max(earlier, key=lambda e: e[:2])[2] != content:
            new.append(parts[day])
            landed.append((day, content))
    return new
