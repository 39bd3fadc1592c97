"""CSV files, plain or gzipped: comma, double quotes, one header line, UTF-8."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from zlib_ng import gzip_ng, zlib_ng

from dbt_models import WarehouseError
from ingest.sql import files, identifier, literal

_CHUNK = 1 << 20
_LF, _CR, _QUOTE = b'\n\r"'
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "gzipped",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
}


def columns(path: Path) -> list[str]:
    """Return the names in the header line."""
    with _opened(path) as stream:
        # Bytes further down that are no UTF-8 are not the header's fault.
        text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="")
        try:
            names = next(csv.reader(text), [])
        except csv.Error as error:
            raise WarehouseError(f"its header is not CSV ({error})") from error
        finally:
            text.detach()
    for name in names:
        if not name.isprintable() and not name.isascii():
            raise WarehouseError(f"its header is not UTF-8 text ({name!a})")
    return names


def count_rows(path: Path) -> int:
    """Count the records after the header; blank lines are none.

    A line break between double quotes belongs to its record (RFC 4180).
    """
    records, quoted = 0, False
    tail = b"\n\n"
    with _opened(path) as stream:
        while chunk := stream.read(_CHUNK):
            data = np.frombuffer(tail + chunk, np.uint8)
            breaks = data[2:] == _LF
            if quoted or b'"' in chunk:
                quotes = np.cumsum(data[2:] == _QUOTE) + quoted
                breaks &= quotes % 2 == 0
                quoted = bool(quotes[-1] % 2)
            ends = np.flatnonzero(breaks)
            one_before, two_before = data[ends + 1], data[ends]
            blank = (one_before == _LF) | ((one_before == _CR) & (two_before == _LF))
            records += len(ends) - int(np.count_nonzero(blank))
            tail = data[-2:].tobytes()
    if quoted:
        raise WarehouseError("a double quote is opened in it and never closed")
    if tail[-1:] != b"\n" and tail != b"\n\r":
        records += 1
    return max(records - 1, 0)


def scan(paths: Sequence[Path], types: Mapping[str, str]) -> str:
    """Return the table expression that reads the files; bad rows are stored aside."""
    columns = ", ".join(f"{literal(n)}: {literal(t)}" for n, t in types.items())
    scan = (
        f"read_csv({files(paths)}, columns = {{{columns}}}, auto_detect = false, "
        "header = true, delim = ',', quote = '\"', escape = '\"', store_rejects = true)"
    )
    if len(types) > 1:
        return f"(select *, file_index from {scan})"
    # A blank line is no record, but DuckDB takes it for one if there is one column.
    (only,) = map(identifier, types)
    return f"(select *, file_index from {scan} where {only} is not null)"


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the file's text as bytes, after a look at what it really is."""
    is_gzip = path.name.lower().endswith(".gz")
    with path.open("rb") as stream:
        start = stream.read(16)
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature) and not (is_gzip and kind == "gzipped"):
            raise WarehouseError(f"it is not what its name says: it is {kind}")
    if is_gzip and not start.startswith(b"\x1f\x8b"):
        raise WarehouseError("it is not what its name says: it is not gzipped")
    if b"\0" in start and not is_gzip:
        raise WarehouseError("it is not what its name says: it is binary, not text")
    try:
        with gzip_ng.open(path) if is_gzip else path.open("rb") as stream:
            yield stream
    except (EOFError, zlib_ng.error, gzip_ng.BadGzipFile) as error:
        raise WarehouseError(
            f"its gzip data are cut off or damaged ({error})"
        ) from error
