"""CSV files, plain or gzipped: comma, double quotes, one header line, UTF-8."""

import csv
import io
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO

import numpy as np
from zlib_ng import gzip_ng, zlib_ng

from dbt_models import WarehouseError
from ingest.checks import Check, flaws, not_a
from ingest.csv_records import Record, records
from ingest.rejects import Reject, Sifted
from ingest.sql import connect, files, identifier, literal

# The column that sifting puts before a file's own.
LINE_NUMBER = "_line"

_CHUNK = 1 << 20
_LF, _CR, _QUOTE = b'\n\r"'
# DuckDB's kinds of broken rows; its messages have values of the row in them.
_REASONS = {
    "LINE SIZE OVER MAXIMUM": "longer than can be read (2 MB)",
    "MISSING COLUMNS": "fewer columns than the header",
    "TOO MANY COLUMNS": "more columns than the header",
    "UNQUOTED VALUE": "badly quoted",
}
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


def count_rows(path: Path) -> int | None:
    """Count the records after the header; blank lines are none.

    A line break between double quotes belongs to its record (RFC 4180). None: the
    quotes do not pair up, and only sifting tells what is a record.
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
        return None
    if tail[-1:] != b"\n" and tail != b"\n\r":
        records += 1
    return max(records - 1, 0)


def read_type(data_type: str) -> str:
    """Return the type as which a column is read, so that nothing of it is lost.

    DuckDB makes 3.999 a decimal of 4.00, 1.5 the integer 2, and a timestamp of its
    text without the offset, all without a word.
    """
    if data_type.startswith("decimal"):
        return "double"
    return data_type if data_type in {"boolean", "double", "varchar"} else "varchar"


def scan(paths: Sequence[Path], types: Mapping[str, str]) -> str:
    """Return the table expression that reads the files; bad rows are stored aside."""
    columns = ", ".join(
        f"{literal(name)}: {literal(read_type(data_type))}"
        for name, data_type in types.items()
    )
    scan = (
        f"read_csv({files(paths)}, columns = {{{columns}}}, auto_detect = false, "
        "header = true, delim = ',', quote = '\"', escape = '\"', store_rejects = true)"
    )
    if len(types) > 1:
        return f"(select *, file_index from {scan})"
    # A blank line is no record, but DuckDB takes it for one if there is one column.
    (only,) = map(identifier, types)
    return f"(select *, file_index from {scan} where {only} is not null)"


def sift(
    path: Path, types: Mapping[str, str], checks: Collection[Check], folder: Path
) -> Sifted:
    """Part the file's rows into those that keep the contract and the others.

    Parameters
    ----------
    types
        Column name to DuckDB type, in the header's order.
    checks
        What the rows must keep.
    folder
        Where copies of the file may be written.
    """
    good, numbered, text = (
        folder / f"{name}.csv" for name in ("good", "numbered", "text")
    )
    with _opened(path) as stream, text.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    rejects = []
    with text.open("rb") as copy, mmap(copy.fileno(), 0, access=ACCESS_READ) as content:
        rows_read = _number(records(content), numbered)
        reasons = _reasons(numbered, types, checks)
        with good.open("wb") as out:
            for record in records(content):
                found = {None: record.flaw} if record.flaw else reasons.get(record.line)
                if not found:
                    out.write(record.content + b"\n")
                    continue
                line = record.content.decode("utf-8", "backslashreplace")
                rejects += [Reject(record.line, *why, line) for why in found.items()]
    return Sifted(good, rows_read, rejects)


def _number(found: Iterable[Record], path: Path) -> int:
    """Write the records with their lines before them, and return how many rows."""
    rows = -1
    with path.open("wb") as out:
        for rows, record in enumerate(found):
            if record.flaw and rows == 0:
                raise WarehouseError(f"its header is no CSV: {record.flaw}")
            if not record.flaw:
                number = str(record.line) if rows else LINE_NUMBER
                out.write(number.encode() + b"," + record.content + b"\n")
    return rows


def _reasons(
    numbered: Path, types: Mapping[str, str], checks: Collection[Check]
) -> dict[int, dict[str | None, str]]:
    """Return line to column to reason for all rows that break the contract."""
    reasons: dict[int, dict[str | None, str]] = defaultdict(dict)
    table = scan([numbered], {LINE_NUMBER: "varchar", **types})
    with connect() as connection:
        # The hash, never null, makes DuckDB read and cast every column.
        rows = connection.execute(
            f"""select line, flaw.column_name, flaw.reason
            from (
                select
                    cast({LINE_NUMBER} as bigint) as line,
                    unnest({flaws(checks)}) as flaw
                from {table} as numbered where hash(numbered) is not null
            )
            where flaw is not null"""
        ).fetchall()
        for line, column, reason in rows:
            reasons[line][column] = reason
        errors = connection.execute(
            "select csv_line, column_name, error_type from reject_errors"
        ).fetchall()
    for text, column, kind in errors:
        line = int(text.lstrip().partition(",")[0])
        if kind == "CAST":
            reasons[line][column] = not_a(types[column])
        elif kind == "INVALID ENCODING":
            reasons[line][column] = "not UTF-8"
        else:
            reasons[line][None] = _REASONS.get(kind, kind.lower())
    return reasons


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
