"""Text files, plain or packed, after a look at what they really are."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from zlib_ng import gzip_ng, zlib_ng

from dbt_models import WarehouseError

_CHUNK = 1 << 18
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "gzipped",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
}


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open the file's text as bytes.

    Raises
    ------
    WarehouseError
        If it is something else, or its gzip data are damaged; in words without the
        file's name.
    """
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
    with unpacked(path) if is_gzip else path.open("rb") as stream:
        yield stream


@contextmanager
def unpacked(path: Path, packed: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """Open what is inside a gzip or zstd file, by its ending.

    ``packed`` are its bytes, where it is no file of its own.

    Raises
    ------
    WarehouseError
        If its data are damaged; in words without the file's name.
    """
    try:
        if path.name.lower().endswith(".gz"):
            with gzip_ng.open(packed or path) as stream:
                yield stream
        else:
            # A tenth of a second that a run without such a file does not pay.
            from pyarrow import input_stream

            with input_stream(packed or path, compression="zstd") as stream:
                yield stream
    except (EOFError, zlib_ng.error, OSError) as error:
        # Errors of the system, such as a full disk, are no fault of the file.
        if getattr(error, "errno", None) is not None:
            raise
        raise WarehouseError(
            f"its packed data are cut off or damaged ({error})"
        ) from error


@contextmanager
def opened_below(path: Path, skip_lines: int) -> Iterator[BinaryIO]:
    """Open the file behind its byte order mark and the lines to skip."""
    with opened(path) as stream:
        if stream.read(len(BOM_UTF8)) != BOM_UTF8:
            stream.seek(0)
        for _ in range(skip_lines):
            stream.readline()
        yield stream


def count_lines(path: Path, skip_lines: int) -> int:
    """Count the lines with something on them, by their bytes."""
    found, rest = 0, b""
    with opened_below(path, skip_lines) as stream:
        while chunk := stream.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            found += sum(map(bool, map(bytes.strip, lines)))
    return found + bool(rest.strip())
