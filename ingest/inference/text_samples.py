"""Samples of text files: encoding, delimiter, quotes, header and lines above it."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from dbt_models import WarehouseError
from ingest.inference.samples import (
    Sample,
    find_header,
    made_up_names,
    names_in,
    sample_of,
)
from ingest.inference.text_dialects import (
    HEAD,
    RECORDS,
    TextDialect,
    find_dialect,
    find_encoding,
)


def read_text(path: Path, limit: int) -> Sample:
    """Look at a text file, plain or gzipped.

    Raises
    ------
    WarehouseError
        If it is no text or no table; in words without the file's name.
    """
    try:
        with _opened(path) as stream:
            head = stream.read(HEAD)
            encoding, doubts = find_encoding(head, stream)
        dialect = find_dialect(head, encoding)
        found = _format(dialect)
        with _opened(path) as stream:
            return _read(dialect, stream, found, doubts, limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise WarehouseError(
            f"its gzip data are cut off or damaged ({error})"
        ) from error


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _format(dialect: TextDialect) -> dict[str, Any]:
    """Return what is not what a contract takes for granted."""
    found: dict[str, Any] = {}
    if dialect.encoding in {"cp1252", "latin-1"}:
        found["encoding"] = dialect.encoding
    if dialect.delimiter != ",":
        found["delimiter"] = dialect.delimiter
    if dialect.quote != '"':
        found["quote"] = dialect.quote
    return found


def _read(
    dialect: TextDialect,
    stream: BinaryIO,
    found: dict[str, Any],
    doubts: list[str],
    limit: int,
) -> Sample:
    records = (
        (line, record)
        for line, record in dialect.records(stream)
        if line > dialect.skip_lines
    )
    first = [record for _, record in zip(range(RECORDS), records, strict=False)]
    _, header = first[0]
    has_header, doubt = find_header([record for _, record in first])
    doubts = [*doubts, *([doubt] if doubt else [])]
    names = names_in(header) if has_header else made_up_names(len(header))
    if has_header:
        first = first[1:]
    else:
        found["header"] = False
    if above := dialect.skip_lines:
        found["skip_lines"] = above
        doubts.append(f"{above} lines above the header are no table")
    broken = 0

    def rows() -> Iterator[list[str]]:
        nonlocal broken
        for source in (first, records):
            for _, record in source:
                if len(record) == len(names):
                    yield record
                else:
                    broken += 1

    sample = sample_of(names, rows(), limit, format=found)
    if broken:
        doubts.append(
            f"{broken:,} rows have more or fewer fields than the others; the run will "
            "refuse them"
        )
    return Sample(sample.names, sample.rows, found, tuple(doubts), {}, sample.is_whole)
