"""Samples of text files: encoding, delimiter, quotes, header and lines above it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from dbt_models import WarehouseError
from ingest.inference.candidates import Candidate
from ingest.inference.fixed_width_samples import read_fixed_width, stands_apart
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
from ingest.readers.headers import bare_names


def read_text(candidate: Candidate, limit: int) -> Sample:
    """Look at a text file.

    Raises
    ------
    WarehouseError
        If it is no text or no table; in words without the file's name.
    """
    with candidate.opened() as stream:
        head = stream.read(HEAD)
        encoding, doubts = find_encoding(head, stream)
    stated = {"encoding": encoding} if encoding in {"cp1252", "latin-1"} else {}
    start = head.decode(encoding, "replace")
    if not start.strip():
        raise WarehouseError("it is empty; export it again")
    if stands_apart(start):
        with candidate.opened() as stream:
            ends = "\n" if "\n" in start else "\r"
            text = io.TextIOWrapper(stream, encoding, "replace", newline=ends)
            sample = read_fixed_width(text, limit)
        if sample is not None:
            return replace(
                sample,
                format={**sample.format, **stated},
                doubts=(*doubts, *sample.doubts),
            )
    dialect = find_dialect(head, encoding)
    with candidate.opened() as stream:
        return _read(dialect, stream, {**stated, **_signs(dialect)}, doubts, limit)


def _signs(dialect: TextDialect) -> dict[str, Any]:
    """Return the signs that are not those which a contract takes for granted."""
    found: dict[str, Any] = {}
    if dialect.delimiter != ",":
        found["delimiter"] = dialect.delimiter
    if dialect.quote != '"':
        found["quote"] = dialect.quote
    return found


def _without_ends(header: list[str], rows: Sequence[list[str]]) -> list[str]:
    """Return the header without columns at its end that have neither name nor value."""
    end = len(header)
    while end and not header[end - 1].strip():
        end -= 1
    has_values = any(cell.strip() for row in rows for cell in row[end:])
    return header if has_values else header[:end]


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
    # Of a header, or of the rows below it, if they end in a delimiter that it lacks.
    width = max(dialect.width, len(header))
    if has_header:
        first = first[1:]
        named = _without_ends(header, [record for _, record in first])
        names = names_in(bare_names(named, dialect.quote))
    else:
        found["header"] = False
        names = made_up_names(len(header))
    if above := dialect.skip_lines:
        found["skip_lines"] = above
        what = "1 line" if above == 1 else f"{above} lines"
        doubts.append(f"{what} above the header: no part of the table")
    broken = 0

    def rows() -> Iterator[list[str]]:
        nonlocal broken
        for source in (first, records):
            for _, record in source:
                surplus = record[len(names) :]
                if len(record) == width and not any(map(str.strip, surplus)):
                    yield record[: len(names)]
                else:
                    broken += 1

    sample = sample_of(names, rows(), limit, format=found)
    if broken:
        doubts.append(
            f"{broken:,} rows have more or fewer fields than the others; the run will "
            "refuse them"
        )
    return Sample(sample.names, sample.rows, found, tuple(doubts), {}, sample.is_whole)
