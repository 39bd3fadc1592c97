"""Large CSV files in pieces of whole records: few are read again with a broken one."""

import io
from collections.abc import Iterator
from mmap import ACCESS_READ, MADV_DONTNEED, PAGESIZE, mmap
from pathlib import Path

import numpy as np

from dbt_models import WarehouseError
from ingest.readers.csv_count import count_records
from ingest.readers.csv_records import begin, made_header, records
from ingest.readers.dialects import Dialect
from ingest.readers.text_copies import unpack

# Bytes: a broken row costs seconds, and a piece some hundredths.
SIZE = 1 << 24
# How much smaller text is when it is packed, about.
_PACKED = 8


def text_size(path: Path) -> int:
    """Return about how many bytes of text are in the file."""
    return path.stat().st_size * (_PACKED if _is_packed(path) else 1)


def pieces(
    path: Path, dialect: Dialect, columns: int, folder: Path
) -> Iterator[tuple[Path, int]]:
    """Yield files with a header and some of the rows, and the line of the first.

    Each is there until the next one; a file without rows is one, too. They are cut
    where :func:`records` says that a record ends, wherever quotes alone do not tell.

    Raises
    ------
    WarehouseError
        If the header is no CSV.
    """
    if _is_packed(path):
        unpack(path, path := folder / "text.csv")
    # Also where the file has none: what a row begins with may look like something else.
    header = made_header(dialect, columns) + b"\n"
    with (
        path.open("rb") as stream,
        mmap(stream.fileno(), 0, access=ACCESS_READ) as text,
    ):
        start, line = begin(text, dialect)
        if dialect.has_header:
            found = next(records(text, dialect, start, line))
            if found.flaw:
                raise WarehouseError(f"its header is no CSV: {found.flaw}")
            start, line = found.end, line + text[start : found.end].count(b"\n")
        while True:
            end = _end(text, start, line, dialect)
            content = text[start:end]
            # DuckDB keeps what it has to say of a file by its name.
            piece = folder / f"{line}.csv"
            piece.write_bytes(header + content)
            # What has been read would else count as this process's memory.
            text.madvise(MADV_DONTNEED, 0, end - end % PAGESIZE or PAGESIZE)
            yield piece, line
            piece.unlink()
            start, line = end, line + content.count(b"\n")
            if start >= len(text):
                return


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(".gz")


def _end(text: mmap, start: int, line: int, dialect: Dialect) -> int:
    """Return where the piece that begins there ends."""
    if start + SIZE >= len(text):
        return len(text)
    if length := _whole_records(text[start : start + SIZE], dialect):
        return start + length
    for record in records(text, dialect, start, line):
        if record.end - start >= SIZE:
            return record.end
    return len(text)


def _whole_records(content: bytes, dialect: Dialect) -> int:
    """Return how many bytes are whole records; 0: quotes alone do not tell."""
    data = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    quote = dialect.quote.encode()
    if quote and quote in content:
        if len(dialect.delimiter.encode()) > 1:
            return 0  # whether a quote stands behind all of it, is not looked at
        ends = ends[np.searchsorted(np.flatnonzero(data == quote[0]), ends) % 2 == 0]
    length = int(ends[-1]) + 1 if len(ends) else 0
    is_plain = count_records(io.BytesIO(content[:length]), dialect) is not None
    return length if is_plain else 0
