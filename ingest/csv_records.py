"""The records of a CSV file, told apart without the engine that loads them."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

# RFC 4180, but for a quote inside an unquoted field: there it is a letter (5" nail).
# Behind blanks at its beginning it may be meant as either.
_FIELD = rb'(?:"(?:[^"]|"")*+"|(?![ \t]++")[^",\r\n][^,\r\n]*+|)'
_RECORD = re.compile(rb"%b(?:,%b)*+(?=\r?\n|\r?\Z)" % (_FIELD, _FIELD))


@dataclass(frozen=True)
class Record:
    """One record.

    Attributes
    ----------
    line
        The line of the file on which it begins, from 1.
    content
        Its bytes, without the line break that ends it.
    flaw
        Why it is no CSV; None if it is.
    """

    line: int
    content: bytes
    flaw: str | None


def records(text: bytes | mmap) -> Iterator[Record]:
    """Yield the records, the header first; blank lines are none.

    Where quotes do not pair up, only the line on which they begin is taken for
    broken, and reading goes on with the next one.
    """
    start, line = len(BOM_UTF8) if text[:3] == BOM_UTF8 else 0, 1
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        content, flaw = text[start:end].removesuffix(b"\r"), None
        if b'"' in content or b"\r" in content:
            match = _RECORD.match(text, start)
            if match:
                content = match[0]
                end = match.end() + (text[match.end() : match.end() + 1] == b"\r")
            else:
                quoted = b'"' in content
                flaw = "badly quoted" if quoted else "a stray line break"
        if content:
            yield Record(line, content, flaw)
        line += 1 + content.count(b"\n")
        start = end + 1
