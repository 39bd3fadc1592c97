"""CSV files, plain or gzipped: comma, double quotes, one header line, UTF-8."""

import csv
import io
import shutil
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np

from dbt_models import WarehouseError
from ingest.checks import Check, flaws
from ingest.csv_records import Record, records
from ingest.csv_stream import stream as stream
from ingest.rejects import Reject, Sifted
from ingest.sql import connect, files, identifier, literal
from ingest.text_files import opened

# The column that sifting puts before a file's own.
LINE_NUMBER = "_line"

_CHUNK = 1 << 18
_LF, _CR, _QUOTE = b'\n\r"'
_BEFORE_QUOTES = np.frombuffer(b',\n"', np.uint8)
_BEHIND_QUOTES = np.frombuffer(b',\r\n"', np.uint8)
# DuckDB's kinds of broken rows; its messages have values of the row in them.
_REASONS = {
    "LINE SIZE OVER MAXIMUM": "longer than can be read (2 MB)",
    "MISSING COLUMNS": "fewer columns than the header",
    "TOO MANY COLUMNS": "more columns than the header",
    "UNQUOTED VALUE": "badly quoted",
}


def columns(path: Path) -> list[tuple[str, str]]:
    """Return the names in the header line; what is below them is all text."""
    with opened(path) as stream:
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
    return [(name, "varchar") for name in names]


def count_rows(path: Path) -> int | None:
    """Count the records after the header; blank lines are none.

    A line break between double quotes belongs to its record (RFC 4180). None: there are
    quotes or carriage returns where readers differ in what they make of them, and only
    sifting tells what is a record.
    """
    records, quoted = 0, False
    tail = b"\n\n"
    with opened(path) as stream:
        if stream.read(len(BOM_UTF8)) != BOM_UTF8:
            stream.seek(0)
        while chunk := stream.read(_CHUNK):
            data = np.frombuffer(tail + chunk, np.uint8)
            breaks = data[2:] == _LF
            outside = np.True_
            if quoted or b'"' in chunk or tail[-1] == _QUOTE:
                if _has_stray_quotes(data, quoted):
                    return None
                quotes = np.cumsum(data[2:] == _QUOTE) + quoted
                breaks &= quotes % 2 == 0
                outside = np.append(quoted, quotes[:-1]) % 2 == 0
                quoted = bool(quotes[-1] % 2)
            # Some readers take it for the end of a line.
            behind_return = (data[1:-1] == _CR) & outside
            if (behind_return & (data[2:] != _LF)).any():
                return None
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


def _has_stray_quotes(data: np.ndarray, quoted: bool) -> bool:
    """Return whether a quote opens inside a field, or one goes on behind its quote.

    Readers differ in what they make of it. The first two bytes are those before.
    """
    places = np.flatnonzero(data[2:] == _QUOTE) + 2
    opening, closing = places[int(quoted) :: 2], places[1 - int(quoted) :: 2]
    before, after = data[opening - 1], data[closing[closing < len(data) - 1] + 1]
    if data[1] == _QUOTE and not quoted:
        after = np.append(after, data[2])
    return bool(
        np.isin(before, _BEFORE_QUOTES, invert=True).any()
        or np.isin(after, _BEHIND_QUOTES, invert=True).any()
    )


def scan(paths: Sequence[Path], types: Mapping[str, str]) -> str:
    """Return the table expression that reads all as text, and stores bad rows aside."""
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in types)
    scan = (
        f"read_csv({files(paths)}, columns = {{{columns}}}, auto_detect = false, "
        "header = true, delim = ',', quote = '\"', escape = '\"', "
        "hive_partitioning = false, store_rejects = true)"
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
    with opened(path) as stream, text.open("wb") as copy:
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
        if kind == "INVALID ENCODING":
            reasons[line][column] = "not UTF-8"
        else:
            reasons[line][None] = _REASONS.get(kind, kind.lower())
    return reasons
