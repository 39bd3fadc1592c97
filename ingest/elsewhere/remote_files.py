"""Files of web servers, S3-compatible stores and dlt, kept below ``build/fetched/``.

A file that has not changed there is not fetched again; one that was fetched counts from
the rename of the index.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from urllib3.exceptions import HTTPError

from dbt_models import WarehouseError
from ingest.disk import is_disk_full
from ingest.elsewhere.connections import Connection
from ingest.elsewhere.dlt_files import records
from ingest.elsewhere.http_files import CHUNK, PATIENCE, Listed, listed_file
from ingest.elsewhere.reasons import first_line
from ingest.ledger import now

_INDEX = "index.json"


@dataclass(frozen=True)
class RemoteFile:
    """One file as it was fetched.

    Attributes
    ----------
    name
        Its path on the server.
    stamp
        What tells whether it has changed there: the server's tag, or time and size.
    """

    name: str
    stamp: str
    content_hash: str
    size_bytes: int

    def path(self, folder: Path) -> Path:
        """Return where its copy is: by content, so that a new one replaces none."""
        ending = quote(PurePosixPath(self.name).name, safe="")[-100:]
        return folder / f"{self.content_hash}-{ending}"


def fetch_files(
    connection: Connection,
    pattern: str,
    folder: Path,
    since: int | date | None,
    is_expected: bool = False,
) -> None:
    """Fetch the files that match, and forget those that are no longer there.

    Parameters
    ----------
    since
        Of a table with a cursor, which only dlt knows how to use: from where to read.
    is_expected
        Whether the one file of a web server was landed before: it must still be there.

    Raises
    ------
    WarehouseError
        If the server cannot be reached, breaks off or has lost its file; what was
        fetched before stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = (f for f in fetched_files(folder) if f.path(folder).exists())
    known = {file.name: file for file in there}
    if connection.kind not in {"dlt", "https", "s3"}:
        raise WarehouseError(
            f"connection {connection.name} is a database: the contract has to name a "
            "table of it (relation), not an export"
        )
    files = []
    try:
        if connection.kind == "s3":
            listed = _s3_files(connection, pattern)
        elif connection.kind == "https":
            before = known.get(pattern)
            stamp = before.stamp if before else None
            listed = listed_file(connection, pattern, stamp, is_expected)
        else:
            lines = records(connection, pattern, since)
            # Only the records themselves tell whether they have changed.
            listed = iter([(f"{pattern}.jsonl", now().isoformat(), lines)])
        for name, stamp, download in listed:
            file = known.get(name)
            if file is None or file.stamp != stamp:
                file = _download(name, stamp, download, folder)
            files.append(file)
    # Most are OSErrors; the others tell of gzip that is cut off or damaged.
    except (OSError, HTTPError, EOFError, zlib.error) as error:
        if is_disk_full(error):
            raise
        text = connection.without_secrets(first_line(error))
        raise WarehouseError(
            f"{connection.name}/{pattern} could not be fetched: {text}. What was "
            "fetched before stays; run again when the server can be reached."
        ) from None
    aside = folder / f"{_INDEX}.part"
    aside.write_text(json.dumps([asdict(file) for file in files], indent=1))
    aside.replace(folder / _INDEX)
    kept = {file.path(folder) for file in files} | {folder / _INDEX}
    for path in folder.iterdir():
        if path not in kept:
            path.unlink()


def fetched_files(folder: Path) -> list[RemoteFile]:
    """Return the files that the last fetch has left; they can be fetched again."""
    try:
        return [RemoteFile(**f) for f in json.loads((folder / _INDEX).read_text())]
    except (OSError, ValueError, TypeError):
        return []


def _download(
    name: str, stamp: str, chunks: Callable[[], Iterator[bytes]], folder: Path
) -> RemoteFile:
    digest = hashlib.sha256()
    size = 0
    aside = folder / "download.part"
    with aside.open("wb") as copy:
        for chunk in chunks():
            digest.update(chunk)
            size += copy.write(chunk)
    file = RemoteFile(name, stamp, digest.hexdigest(), size)
    aside.replace(file.path(folder))
    return file


def _s3_files(connection: Connection, pattern: str) -> Listed:
    from pyarrow import fs

    options = connection.options
    store = fs.S3FileSystem(
        access_key=options.get("user"),
        secret_key=connection.password or None,
        anonymous="user" not in options,
        endpoint_override=connection.endpoint,
        scheme=options.get("scheme", "https"),
        region=options.get("region", "us-east-1"),
        connect_timeout=PATIENCE[0],
        request_timeout=PATIENCE[1],
    )
    # Down to the first sign of a pattern, names are folders.
    fixed = pattern.partition("*")[0].partition("?")[0].rpartition("/")[0]
    found = store.get_file_info(fs.FileSelector(fixed, recursive=True))
    for info in sorted(found, key=lambda info: info.path):
        if info.type == fs.FileType.File and fnmatchcase(info.path, pattern):

            def chunks(path: str = info.path) -> Iterator[bytes]:
                with store.open_input_stream(path, compression=None) as stream:
                    while chunk := stream.read(CHUNK):
                        yield chunk

            yield info.path, f"{info.mtime_ns} {info.size}", chunks
