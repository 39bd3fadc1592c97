"""How many records a CSV file has, told by its bytes alone."""

from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ingest.readers.dialects import Dialect
from ingest.readers.text_files import opened_below

_CHUNK = 1 << 18
_LF, _CR = b"\n\r"


def count_rows(path: Path, dialect: Dialect) -> int | None:
    """Count the records below the header; None: only sifting tells."""
    with opened_below(path, dialect.skip_lines) as rows:
        found = count_records(rows, dialect)
    return None if found is None else max(found - dialect.has_header, 0)


def count_records(rows: BinaryIO, dialect: Dialect) -> int | None:
    """Count the records; blank lines are none.

    A line break between quotes belongs to its record (RFC 4180). None: there are quotes
    or carriage returns where readers differ in what they make of them.
    """
    quote = dialect.quote.encode()
    found, quoted = 0, False
    tail = b"\n\n"
    while chunk := rows.read(_CHUNK):
        # The two bytes before it are looked back at.
        data = np.frombuffer(tail + chunk, np.uint8)
        ends = np.flatnonzero(data[2:] == _LF)
        # Some readers take one for the end of a line.
        returns = np.empty(0, int)
        if b"\r" in chunk or tail[-1:] == b"\r":
            returns = np.flatnonzero((data[1:-1] == _CR) & (data[2:] != _LF))
        if quote and (quoted or quote in chunk or tail[-1:] == quote):
            quotes = np.flatnonzero(data[2:] == quote[0])
            if _has_stray_quotes(data, quotes + 2, quoted, dialect):
                return None
            # Quotes are few: to look them up is faster than to count at each byte.
            ends = ends[np.searchsorted(quotes, ends) % 2 == quoted]
            returns = returns[np.searchsorted(quotes, returns) % 2 == quoted]
            quoted ^= bool(len(quotes) % 2)
        if len(returns):
            return None
        one_before, two_before = data[ends + 1], data[ends]
        blank = (one_before == _LF) | ((one_before == _CR) & (two_before == _LF))
        found += len(ends) - int(np.count_nonzero(blank))
        tail = data[-2:].tobytes()
    if quoted:
        return None
    if tail[-1:] != b"\n" and tail != b"\n\r":
        found += 1
    return found


def _has_stray_quotes(
    data: np.ndarray, places: np.ndarray, quoted: bool, dialect: Dialect
) -> bool:
    """Return whether a quote opens inside a field, or one goes on behind its quote.

    Readers differ in what they make of it. The first two bytes are those before.
    """
    delimiter, quote = dialect.delimiter.encode(), dialect.quote.encode()
    opening, closing = places[int(quoted) :: 2], places[1 - int(quoted) :: 2]
    before, after = data[opening - 1], data[closing[closing < len(data) - 1] + 1]
    if data[1] == quote[0] and not quoted:
        after = np.append(after, data[2])
    may_open_behind = _table_of(delimiter[-1:] + b"\n" + quote)
    may_follow = _table_of(delimiter[:1] + b"\r\n" + quote)
    return not (may_open_behind[before].all() and may_follow[after].all())


@cache
def _table_of(signs: bytes) -> np.ndarray:
    """Return for each byte whether it is one of the signs."""
    return np.isin(np.arange(256), np.frombuffer(signs, np.uint8))
