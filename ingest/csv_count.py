"""How many records a CSV file has, told by its bytes alone."""

from pathlib import Path

import numpy as np

from ingest.dialects import Dialect
from ingest.text_files import opened_below

_CHUNK = 1 << 18
_LF, _CR = b"\n\r"


def count_rows(path: Path, dialect: Dialect) -> int | None:
    """Count the records below the header; blank lines are none.

    A line break between quotes belongs to its record (RFC 4180). None: there are quotes
    or carriage returns where readers differ in what they make of them, and only sifting
    tells what is a record.
    """
    quote = dialect.quote.encode()
    found, quoted = 0, False
    tail = b"\n\n"
    with opened_below(path, dialect.skip_lines) as rows:
        while chunk := rows.read(_CHUNK):
            data = np.frombuffer(tail + chunk, np.uint8)
            breaks = data[2:] == _LF
            outside = np.True_
            if quote and (quoted or quote in chunk or tail[-1:] == quote):
                if _has_stray_quotes(data, quoted, dialect):
                    return None
                quotes = np.cumsum(data[2:] == quote[0]) + quoted
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
            found += len(ends) - int(np.count_nonzero(blank))
            tail = data[-2:].tobytes()
    if quoted:
        return None
    if tail[-1:] != b"\n" and tail != b"\n\r":
        found += 1
    return max(found - dialect.has_header, 0)


def _has_stray_quotes(data: np.ndarray, quoted: bool, dialect: Dialect) -> bool:
    """Return whether a quote opens inside a field, or one goes on behind its quote.

    Readers differ in what they make of it. The first two bytes are those before.
    """
    delimiter, quote = dialect.delimiter.encode(), dialect.quote.encode()
    may_open_behind = np.frombuffer(delimiter[-1:] + b"\n" + quote, np.uint8)
    may_follow = np.frombuffer(delimiter[:1] + b"\r\n" + quote, np.uint8)
    places = np.flatnonzero(data[2:] == quote[0]) + 2
    opening, closing = places[int(quoted) :: 2], places[1 - int(quoted) :: 2]
    before, after = data[opening - 1], data[closing[closing < len(data) - 1] + 1]
    if data[1] == quote[0] and not quoted:
        after = np.append(after, data[2])
    return bool(
        np.isin(before, may_open_behind, invert=True).any()
        or np.isin(after, may_follow, invert=True).any()
    )
