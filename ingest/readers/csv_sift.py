"""The slow way for a CSV file with broken rows: it parts them from the others."""

import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path

from dbt_models import WarehouseError
from ingest.checks import Check, flaws
from ingest.readers.csv_records import Record, begin, made_header, records
from ingest.readers.csv_scan import scan
from ingest.readers.dialects import Dialect
from ingest.readers.text_files import opened
from ingest.rejects import Reject, Sifted
from ingest.sql import connect

# The column that is put before a file's own.
_LINE = "_line"
# DuckDB's kinds of broken rows; its messages have values of the row in them.
_REASONS = {
    "LINE SIZE OVER MAXIMUM": "longer than can be read (2 MB)",
    "MISSING COLUMNS": "fewer columns than the header",
    "TOO MANY COLUMNS": "more columns than the header",
    "UNQUOTED VALUE": "badly quoted",
}


def sift(
    path: Path,
    dialect: Dialect,
    types: Mapping[str, str],
    checks: Collection[Check],
    folder: Path,
    most: float,
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
    most
        Of how many broken rows it is worth to know what is wrong.
    """
    good, numbered, text = (
        folder / f"{name}.csv" for name in ("good", "numbered", "text")
    )
    with opened(path) as stream, text.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    rejects: list[Reject] = []
    rejected = 0
    with text.open("rb") as copy, mmap(copy.fileno(), 0, access=ACCESS_READ) as content:
        rows_read = _number(_records(content, dialect, len(types)), numbered, dialect)
        reasons = _reasons(numbered, dialect, types, checks)
        with good.open("wb") as out:
            out.write(_above(dialect))
            for record in _records(content, dialect, len(types)):
                found = {None: record.flaw} if record.flaw else reasons.get(record.line)
                if not found:
                    out.write(record.content + b"\n")
                    continue
                line = record.content.decode("utf-8", "backslashreplace")
                rejects += [Reject(record.line, *why, line) for why in found.items()]
                rejected += 1
                if rejected > most:
                    return Sifted(good, rows_read, rejects, is_all=False)
    return Sifted(good, rows_read, rejects)


def _records(content: mmap, dialect: Dialect, columns: int) -> Iterator[Record]:
    """Yield the records, with a header that says nothing but how many columns."""
    found = records(content, dialect, *begin(content, dialect))
    if dialect.has_header:
        for header in islice(found, 1):
            if header.flaw:
                raise WarehouseError(f"its header is no CSV: {header.flaw}")
            yield header._replace(content=made_header(dialect, columns))
    yield from found


def _above(dialect: Dialect) -> bytes:
    """Return what stands above the first record of a copy.

    Without a header, a blank line: DuckDB goes by the first line break that it finds,
    and one inside a quoted field may be of another kind.
    """
    return b"\n" * (dialect.skip_lines + (not dialect.has_header))


def _number(found: Iterable[Record], path: Path, dialect: Dialect) -> int:
    """Write the records with their lines before them, and return how many rows."""
    rows = 0
    is_header = dialect.has_header
    with path.open("wb") as out:
        out.write(_above(dialect))
        for record in found:
            if not record.flaw:
                number = _LINE if is_header else str(record.line)
                out.write((number + dialect.delimiter).encode())
                out.write(record.content + b"\n")
            rows += not is_header
            is_header = False
    return rows


def _reasons(
    numbered: Path,
    dialect: Dialect,
    types: Mapping[str, str],
    checks: Collection[Check],
) -> dict[int, dict[str | None, str]]:
    """Return line to column to reason for all rows that break the contract."""
    reasons: dict[int, dict[str | None, str]] = defaultdict(dict)
    table = scan([numbered], {_LINE: "varchar", **types}, dialect)
    with connect() as connection:
        # The hash, never null, makes DuckDB read and cast every column.
        rows = connection.execute(
            f"""select line, flaw.column_name, flaw.reason
            from (
                select cast({_LINE} as bigint) as line, unnest({flaws(checks)}) as flaw
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
        line = int(text.lstrip().partition(dialect.delimiter)[0])
        if kind == "INVALID ENCODING":
            reasons[line][column] = "not UTF-8"
        else:
            reasons[line][None] = _REASONS.get(kind, kind.lower())
    return reasons
