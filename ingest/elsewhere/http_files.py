"""One file of a web server, which lists none."""

import gzip
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from dbt_models import WarehouseError
from ingest.elsewhere.connections import Connection
from ingest.ledger import now

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 20
# Seconds until a server answers, and between two pieces of what it sends.
PATIENCE = (10, 120)
# Name, stamp, and what downloads it.
Listed = Iterator[tuple[str, str, Callable[[], Iterator[bytes]]]]


def listed_file(
    connection: Connection, path: str, known_stamp: str | None, is_expected: bool
) -> Listed:
    """Yield the file, if it is there.

    Parameters
    ----------
    known_stamp
        Of the copy that is kept; None: there is none.
    is_expected
        Whether it was landed before, so that it must be there.

    Raises
    ------
    WarehouseError
        If it is there no more, or packed in a way that nobody reads here.
    """
    import requests

    if set("*?[").intersection(path):
        raise WarehouseError(
            f"{connection.name}/{path}: a web server does not list its files; name "
            "the file in the contract (export), one table or connection for each"
        )
    user = connection.options.get("user")
    # Without a tag, nothing tells that a file is the same but its content.
    untagged = f"untagged {now().isoformat()}"
    headers = {"Accept-Encoding": "identity"}
    if known_stamp:
        headers["If-None-Match"] = known_stamp
    with requests.get(
        _url(connection, path),
        auth=(user, connection.password) if user else None,
        headers=headers,
        stream=True,
        timeout=PATIENCE,
    ) as answer:
        if answer.status_code == requests.codes.not_modified:
            yield path, known_stamp, answer.iter_content
            return
        if answer.status_code == requests.codes.not_found:
            if known_stamp or is_expected:
                raise WarehouseError(
                    f"{connection.name}/{path} was there before, and the server has "
                    "it no more (404). What was landed of it stays, and grows old: "
                    "have it put back, or mend the contract (export) or connections.yml"
                )
            return
        answer.raise_for_status()
        stamp = answer.headers.get("ETag") or untagged
        yield path, stamp, lambda: _content(answer, f"{connection.name}/{path}")


def _url(connection: Connection, path: str) -> str:
    options = connection.options
    parts = [options.get("database", "").strip("/"), quote(path)]
    url = f"{options['scheme']}://{connection.endpoint}/{'/'.join(filter(None, parts))}"
    return f"{url}?{options['query']}" if "query" in options else url


def _content(answer: "requests.Response", name: str) -> Iterator[bytes]:
    """Yield the file, unpacked if the server has packed it for the way."""
    packed = answer.headers.get("Content-Encoding", "identity").lower()
    if packed in {"gzip", "x-gzip"} and not name.endswith(".gz"):
        with gzip.open(answer.raw) as content:
            while chunk := content.read(CHUNK):
                yield chunk
    elif packed in {"identity", "gzip", "x-gzip"}:
        yield from answer.raw.stream(CHUNK, decode_content=False)
    else:
        raise WarehouseError(
            f"{name}: the server packs it for the way ({packed}), though it was asked "
            "not to. Let it send the file as it is, or in gzip"
        )
