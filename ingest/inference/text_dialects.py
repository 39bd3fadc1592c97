"""How a text file is written: its encoding, delimiter, quotes and first line."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from dbt_models import WarehouseError
from ingest.inference.fixed_width_samples import stands_apart

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HEAD = 1 << 18
# What is decoded to find out whether all of it is UTF-8.
_DECODED = 1 << 26
# So many records tell how a file is written.
RECORDS = 200
# A comma last: it stands in texts and numbers of files with another delimiter.
_DELIMITERS = (";", "\t", "|", ",")
_LONGEST_FIELD = 1 << 21


@dataclass(frozen=True)
class TextDialect:
    """The signs between fields, and where the first record is."""

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


def find_encoding(head: bytes, rest: BinaryIO) -> tuple[str, list[str]]:
    """Return the encoding of what begins with ``head``, and what is doubtful of it."""
    if not head.strip():
        raise WarehouseError("it is empty; export it again")
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return encoding, []
    if head.startswith(b"PK"):
        raise WarehouseError("it is a zip archive; let its name end in .zip")
    if head.startswith(b"SQLite format 3\0"):
        raise WarehouseError(
            "it is a database; write its contract by hand, with connection: and "
            "relation: instead of export, and its address (sqlite:///...) in "
            "data/restricted/connections.yml, as the README shows under 'Read from a "
            "database or a server'"
        )
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


def find_dialect(head: bytes, encoding: str) -> TextDialect:
    """Choose the delimiter by which most records have as many fields as the header."""
    is_cut = len(head) == HEAD
    best, best_score = None, (0.0, 0, False)
    for quote in ('"', "'"):
        for delimiter in _DELIMITERS:
            if quote == "'" and f"'{delimiter}'".encode() not in head:
                continue
            tried = TextDialect(encoding, delimiter, quote, 0, 0)
            records = []
            for line, record in tried.records(io.BytesIO(head)):
                records.append((line, record))
                if len(records) > RECORDS:
                    break
            if is_cut and 1 < len(records) <= RECORDS:
                records.pop()
            width, count = Counter(len(r) for _, r in records).most_common(1)[0]
            above = _count_above([record for _, record in records], width)
            if width < 2:
                continue
            is_shorter = len(records[above][1]) < width
            share = (count + is_shorter) / (len(records) - above)
            # Where both read as many fields, it is because all stand in quotes.
            score = (share, -above, quote == "'")
            if best is None or score > best_score:
                line, first = records[above]
                skip = line - 1 - sum(cell.count("\n") for cell in first)
                best = TextDialect(encoding, delimiter, quote, skip, width)
                best_score = score
    # Not a table of several columns: half of the records disagree.
    if best is None or best_score[0] < 0.5:
        _require_one_column(head.decode(encoding, "replace"))
        return TextDialect(encoding, ",", '"', 0, 1)
    return best


def _count_above(records: Sequence[Sequence[str]], width: int) -> int:
    """Return how many records stand above those of a table of this width."""
    above = next(n for n, record in enumerate(records) if len(record) == width)
    rows = [record for record in records if len(record) == width]
    # All rows end in a delimiter: then the header may be what does not.
    if above and len(records[above - 1]) == width - 1 and not any(r[-1] for r in rows):
        return above - 1
    return above


def _require_one_column(text: str) -> None:
    """Raise if lines without a delimiter are not values of one column."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if stands_apart(text):
        raise WarehouseError(
            "its columns stand apart by blanks, and nothing shows where one ends and "
            "the next begins; write its contract by hand with what whoever makes the "
            "file says of it (format: {widths: {<column>: <characters>}}, as the "
            "README shows under 'Say how files are written'), or export it with a "
            "delimiter"
        )
    if sum(line.count(" ") > 3 for line in lines) * 2 > len(lines):
        raise WarehouseError("it is no table: no delimiter (, ; tab |) parts its lines")
