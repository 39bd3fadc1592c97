"""Samples of text files: encoding, delimiter, quotes, header and lines above it."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from dbt_models import WarehouseError
from ingest.inference.samples import Sample, find_header, sample_of, usable_names

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HEAD = 1 << 18
# What is decoded to find out whether all of it is UTF-8.
_DECODED = 1 << 26
_RECORDS = 200
# A comma last: it stands in texts and numbers of files with another delimiter.
_DELIMITERS = (";", "\t", "|", ",")
_LONGEST_FIELD = 1 << 21


@dataclass(frozen=True)
class _Dialect:
    encoding: str
    delimiter: str
    quote: str
    skip_lines: int
    width: int

    def records(self, stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Yield each record that is not blank, with the number of its last line."""
        text = io.TextIOWrapper(stream, self.encoding, "replace", newline="")
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        reader = csv.reader(
            text,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=quoting,
        )
        limit = csv.field_size_limit(_LONGEST_FIELD)
        try:
            for record in reader:
                if any(record):
                    yield reader.line_num, record
        except csv.Error as error:
            raise WarehouseError(
                f"it is not CSV from line {reader.line_num} on ({error})"
            ) from error
        finally:
            csv.field_size_limit(limit)
            text.detach()


def read_text(path: Path, limit: int) -> Sample:
    """Look at a text file, plain or gzipped.

    Raises
    ------
    WarehouseError
        If it is no text or no table; in words without the file's name.
    """
    try:
        with _opened(path) as stream:
            head = stream.read(_HEAD)
            encoding, doubts = _encoding(head, stream)
        dialect = _dialect(head, encoding)
        found = _format(dialect)
        with _opened(path) as stream:
            return _read(dialect, stream, found, doubts, limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise WarehouseError(
            f"its gzip data are cut off or damaged ({error})"
        ) from error


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _encoding(head: bytes, rest: BinaryIO) -> tuple[str, list[str]]:
    """Return the encoding of what begins with ``head``, and what is doubtful of it."""
    if not head.strip():
        raise WarehouseError("it is empty; export it again")
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return encoding, []
    if b"\0" in head or head.startswith(b"%PDF"):
        raise WarehouseError("it is not what its name says: it is binary, not text")
    if head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise WarehouseError("it is a page or XML, not a table; export it as CSV")
    data = head + rest.read(_DECODED)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        try:
            data.decode("cp1252")
            name = "cp1252"
        except UnicodeDecodeError:
            name = "latin-1"
        why = f"line {line:,} is not UTF-8; are letters with accents right in {name}?"
        return name, [why]
    return "utf-8", []


def _dialect(head: bytes, encoding: str) -> _Dialect:
    """Choose the delimiter by which most records have as many fields as the header."""
    is_cut = len(head) == _HEAD
    best, best_score = None, (0.0, 0)
    for quote in ('"', "'"):
        for delimiter in _DELIMITERS:
            if quote == "'" and f"'{delimiter}'".encode() not in head:
                continue
            tried = _Dialect(encoding, delimiter, quote, 0, 0)
            records = []
            for line, record in tried.records(io.BytesIO(head)):
                records.append((line, record))
                if len(records) > _RECORDS:
                    break
            if is_cut and 1 < len(records) <= _RECORDS:
                records.pop()
            width, count = Counter(len(r) for _, r in records).most_common(1)[0]
            lines = [line for line, r in records if len(r) == width]
            above = [line for line, _ in records if line < lines[0]]
            if width < 2:
                continue
            score = (count / (len(records) - len(above)), -len(above))
            if score > best_score or best is None:
                skip = above[-1] if above else 0
                best, best_score = (
                    _Dialect(encoding, delimiter, quote, skip, width),
                    score,
                )
    # Not a table of several columns: half of the records disagree.
    if best is None or best_score[0] < 0.5:
        _require_one_column(head.decode(encoding, "replace"))
        return _Dialect(encoding, ",", '"', 0, 1)
    return best


def _require_one_column(text: str) -> None:
    """Raise if lines without a delimiter are not values of one column."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    columns = sum(bool(re.search(r"\S {2,}\S", line)) for line in lines)
    if columns * 2 > len(lines):
        raise WarehouseError(
            "its columns stand apart by blanks, which nobody can tell from blanks in "
            "them; write its contract by hand, with format: {kind: fixed_width, "
            "widths: {...}}, or export it with a delimiter"
        )
    if sum(line.count(" ") > 3 for line in lines) * 2 > len(lines):
        raise WarehouseError("it is no table: no delimiter (, ; tab |) parts its lines")


def _format(dialect: _Dialect) -> dict[str, Any]:
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
    dialect: _Dialect,
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
    first = [record for _, record in zip(range(_RECORDS), records, strict=False)]
    header_line, header = first[0]
    has_header, doubt = find_header([record for _, record in first])
    doubts = [*doubts, *([doubt] if doubt else [])]
    above = dialect.skip_lines
    names, changed = usable_names(header if has_header else [""] * len(header))
    if has_header and changed:
        # The file's own names cannot be used, so its header is a line to skip.
        above, has_header = header_line, False
        doubts.append(
            f"{', '.join(changed)}: the header has no name there, one twice or one "
            "that cannot be used; columns go by their order now"
        )
        first = first[1:]
    elif has_header:
        first = first[1:]
    if above:
        found["skip_lines"] = above
        if above == dialect.skip_lines:
            doubts.append(f"{above} lines above the header are no table")
    if not has_header:
        found["header"] = False
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
