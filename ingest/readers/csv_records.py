"""The records of a CSV file, told apart without the engine that loads them."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import cache
from mmap import MADV_DONTNEED, mmap
from typing import NamedTuple

from ingest.readers.dialects import Dialect

# Bytes, whole pages.
_WINDOW = 1 << 24


class Record(NamedTuple):
    """One record.

    Attributes
    ----------
    line
        The line of the file on which it begins, from 1.
    content
        Its bytes, without the line break that ends it.
    flaw
        Why it is no CSV; None if it is.
    end
        The place of the byte behind that line break.
    """

    line: int
    content: bytes
    flaw: str | None
    end: int


def begin(text: bytes | mmap, dialect: Dialect) -> tuple[int, int]:
    """Return the place of the first byte behind what is skipped, and its line."""
    start = len(BOM_UTF8) if text[:3] == BOM_UTF8 else 0
    for _ in range(dialect.skip_lines):
        start = text.find(b"\n", start) + 1 or len(text)
    return start, 1 + dialect.skip_lines


def records(
    text: bytes | mmap, dialect: Dialect, start: int, line: int
) -> Iterator[Record]:
    """Yield the records from there on, where one begins; blank lines are none.

    Where quotes do not pair up, only the line on which they begin is taken for
    broken, and reading goes on with the next one. In the header, blanks may stand
    around quotes.
    """
    is_header = dialect.has_header and start == begin(text, dialect)[0]
    quote, pattern = dialect.quote.encode(), _pattern(dialect, is_header)
    released = start - start % _WINDOW
    while start < len(text):
        if isinstance(text, mmap) and start - released > _WINDOW:
            # What has been read would else count as this process's memory.
            text.madvise(MADV_DONTNEED, released, _WINDOW)
            released += _WINDOW
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        content, flaw = text[start:end].removesuffix(b"\r"), None
        if (quote and quote in content) or b"\r" in content:
            match = pattern.match(text, start)
            if match:
                content = match[0]
                end = match.end() + (text[match.end() : match.end() + 1] == b"\r")
            else:
                quoted = quote and quote in content
                flaw = "badly quoted" if quoted else "a stray line break"
        if content:
            yield Record(line, content, flaw, end + 1)
            if is_header:
                is_header, pattern = False, _pattern(dialect)
        line += 1 + content.count(b"\n")
        start = end + 1


def made_header(dialect: Dialect, columns: int) -> bytes:
    """Return a header for engines that are told the names by themselves.

    They would stumble over one that is written otherwise than the rows below it.
    """
    return dialect.delimiter.join(["x"] * columns).encode()


@cache
def _pattern(dialect: Dialect, is_header: bool = False) -> re.Pattern[bytes]:
    """Return what one record looks like.

    RFC 4180, but for a quote inside an unquoted field: there it is a letter (5" nail).
    Behind blanks at its beginning it may be meant as either.
    """
    delimiter = re.escape(dialect.delimiter.encode())
    letter = rb"(?!%b)[^\r\n]" % delimiter
    if len(dialect.delimiter.encode()) == 1:
        # The same, but no look ahead at each letter: three times as fast.
        letter = rb"[^\r\n%b]" % delimiter
    field = rb"(?:%b)*+" % letter
    if quote := re.escape(dialect.quote.encode()):
        quoted = rb"%b(?:[^%b]|%b%b)*+%b" % ((quote,) * 5)
        if is_header:
            quoted = rb"[ \t]*+%b[ \t]*+" % quoted
        plain = rb"(?![ \t]*+%b)(?:%b)++" % (quote, letter)
        field = rb"(?:%b|%b|)" % (quoted, plain)
    return re.compile(
        rb"%b(?:%b%b)*+(?=\r?\n|\r?\Z)" % (field, delimiter, field), re.DOTALL
    )
