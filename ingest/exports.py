"""The export files of a table, with the hashes of their content."""

import contextlib
import errno
import hashlib
import json
import os
import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.contracts.formats import Format
from ingest.contracts.sources import read_sources
from ingest.elsewhere.fetched import fetched_file, fetched_folder
from ingest.elsewhere.remote_files import fetched_files
from ingest.export_folders import closed_folder, files_below, matches
from ingest.export_names import day_of_folders, in_order_of_names, last_moment
from ingest.readers.archives import members
from ingest.rejects import RefusedDeliveryError

# A file written this recently may change again within its timestamp's resolution.
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class ExportFile:
    """One file below ``exports/``, or a part of one, identified by its content.

    Attributes
    ----------
    name
        Relative to ``exports/``; that of a part is ``<file>#<member>``.
    member
        Sheet of a workbook, or file in an archive; None: it is a file of its own.
    """

    path: Path
    name: str
    content_hash: str
    size_bytes: int
    member: str | None = None

    @cached_property
    def delivered_on(self) -> datetime | None:
        """The date of delivery in its name, else in that of its folder, with the time.

        By the clock of its source.

        Of its parts, the narrowest that has one tells; then its folders together.
        """
        path = PurePosixPath(self.name.removesuffix(f"#{self.member}"))
        member = PurePosixPath(self.member or "")
        moments = [
            last_moment(str(member)),
            day_of_folders(member),
            *map(last_moment, (path.name, *(p.name for p in path.parents))),
            day_of_folders(path),
        ]
        return next(filter(None, moments), None)


class ExportCatalog:
    """Finds export files and their content hashes.

    A file whose size and times are as they were is not read again, nor a workbook whose
    content is; the memory of that is in ``build/`` and may be deleted.
    """

    def __init__(self, deployment: Deployment):
        self._deployment = deployment
        self._exports = deployment.exports
        self._memory_path = deployment.build / "file_hashes.json"
        self._hashes, self._members = _read_memory(self._memory_path)

    def files(self, table: Table) -> list[ExportFile]:
        """Return the table's files in order of their names.

        Raises
        ------
        RefusedDeliveryError
            If a file cannot be read, or a folder where one may be.
        """
        if table.connection is not None:
            found = _fetched(table, self._deployment)
        else:
            if closed := closed_folder(table.export, self._exports):
                raise _unreadable(closed, "folder", errno.EACCES)
            names = sorted(matches(table.export, self._exports), key=in_order_of_names)
            found = [self._file(self._exports / name) for name in names]
        return [part for file in found for part in self._parts(file, table.format)]

    def remember(self) -> None:
        """Keep the hashes for the next run."""
        # They only save time: who may not write may look all the same.
        with contextlib.suppress(OSError):
            self._memory_path.parent.mkdir(parents=True, exist_ok=True)
            memory = {"hashes": self._hashes, "members": self._members}
            self._memory_path.write_text(json.dumps(memory))

    def _file(self, path: Path) -> ExportFile:
        name = path.relative_to(self._exports).as_posix()
        try:
            stat = path.stat()
            stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
            known = self._hashes.get(name)
            if known is None or known["stamp"] != stamp:
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                known = {"stamp": stamp, "hash": digest}
                changed = max(stat.st_mtime_ns, stat.st_ctime_ns)
                if time.time_ns() - changed > _SETTLED_NS:
                    self._hashes[name] = known
        except OSError as error:
            raise _unreadable(name, "file", error.errno) from error
        return ExportFile(path, name, known["hash"], stat.st_size)

    def _parts(self, file: ExportFile, format_: Format) -> list[ExportFile]:
        key = f"{file.content_hash} {format_.sheets} {format_.members}"
        try:
            parts = self._members.get(key) or members(file.path, format_)
        except WarehouseError:
            return [file]  # whoever reads it says what is wrong
        if not parts:
            return [file]
        self._members[key] = parts
        return [
            replace(
                file,
                name=f"{file.name}#{part}",
                content_hash=f"{file.content_hash}#{part}",
                member=part,
            )
            for part in parts
        ]


def unmatched_files(deployment: Deployment) -> list[str]:
    """Return the files below ``exports/`` that no contract knows, hidden ones aside."""
    exports = deployment.exports
    known = {
        name
        for source in read_sources()
        for table in source.tables
        if table.connection is None
        for name in matches(table.export, exports)
    }
    return sorted(name for name in files_below(exports) if name not in known)


def _unreadable(name: str, kind: str, number: int) -> RefusedDeliveryError:
    return RefusedDeliveryError(
        f"{PurePosixPath('exports', name)} cannot be read ({os.strerror(number)}). "
        f"Make it a {kind} that this user may read, or take it away; then run again."
    )


def _fetched(table: Table, deployment: Deployment) -> list[ExportFile]:
    """Return what was fetched of a table that is elsewhere."""
    if table.export is None:
        found = fetched_file(deployment, table)
        if found is None:
            return []
        return [
            ExportFile(found.path, found.name, found.content_hash, found.size_bytes)
        ]
    folder = fetched_folder(deployment, table) / "files"
    return [
        ExportFile(
            file.path(folder),
            f"{table.connection}/{file.name}",
            file.content_hash,
            file.size_bytes,
        )
        for file in fetched_files(folder)
    ]


def _read_memory(
    path: Path,
) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """Return what was remembered; a memory that is lost or broken is empty."""
    try:
        memory = json.loads(path.read_text())
        hashes = {
            name: {"stamp": known["stamp"], "hash": known["hash"]}
            for name, known in memory["hashes"].items()
        }
        return hashes, {key: list(parts) for key, parts in memory["members"].items()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}, {}
