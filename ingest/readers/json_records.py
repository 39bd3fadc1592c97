"""The records of a JSON document, cut apart at the commas between them.

A parser then sees each of them alone: a broken one costs one row, and a document of any
size takes no more memory than its longest record.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dbt_models import WarehouseError
from ingest.readers.json_marks import (
    COLON,
    COMMA,
    LIST,
    LIST_END,
    OBJECT,
    OBJECT_END,
    Marks,
    marks_of,
)

# A quote that is never closed must not take the whole file for one record.
LONGEST = 1 << 26


@dataclass(frozen=True)
class _Part:
    """A part of a list, between its brackets.

    Attributes
    ----------
    commas
        Where in the text the commas between records are.
    is_last
        Whether the list ends behind it.
    """

    text: bytes
    commas: list[int]
    is_last: bool


def split_records(stream: BinaryIO, place: str | None) -> Iterator[bytes]:
    """Yield the text of each record of the list at a place, such as ``data.items``.

    None: the document is the list. An object where the list should be is one record,
    as those write it who make JSON of XML.

    Raises
    ------
    WarehouseError
        If no list is there, or a record is too long, or the document cut off; in words
        without anything of its text.
    """
    pending: list[bytes] = []
    is_first = True
    for part in _parts(stream, place):
        begin = 0
        for comma in part.commas:
            yield b"".join([*pending, part.text[begin:comma]])
            pending.clear()
            begin, is_first = comma + 1, False
        pending.append(part.text[begin:])
        require_length(sum(map(len, pending)))
        if part.is_last:
            last = b"".join(pending)
            if last.strip() or not is_first:
                yield last
            pending.clear()
            is_first = True


def count_records(stream: BinaryIO, place: str | None) -> int:
    """Count the records by the commas between them.

    Raises
    ------
    WarehouseError
        As ``split_records`` does.
    """
    found = 0
    is_filled = False
    for part in _parts(stream, place):
        found += len(part.commas)
        is_filled = is_filled or bool(part.text.strip())
        if part.is_last:
            found += is_filled
            is_filled = False
    return found


def require_length(length: int) -> None:
    """Raise if a record has more bytes than one can have.

    Raises
    ------
    WarehouseError
        With what may be the reason.
    """
    if length > LONGEST:
        raise WarehouseError(
            f"one of its records is longer than {LONGEST >> 20} MB; either a quote is "
            "never closed, or the records are a list somewhere inside (format: records)"
        )


def _parts(stream: BinaryIO, place: str | None) -> Iterator[_Part]:
    """Yield the parts of the list at the place."""
    way = _Way(place)
    for marks in marks_of(stream):
        commas = marks.at[(marks.signs == COMMA) & (marks.depths == way.level + 1)]
        for begin, end, is_list, is_last in way.spans(marks):
            between = commas[(commas >= begin) & (commas < end)] - begin
            yield _Part(
                marks.text[begin:end], between.tolist() if is_list else [], is_last
            )
    if not way.is_found:
        raise WarehouseError(f"it has no list of records at {place} (format: records)")


class _Way:
    """The way through a document to its list of records.

    Attributes
    ----------
    level
        How many brackets are open around the list.
    is_found
        Whether there was one.
    """

    def __init__(self, place: str | None):
        self._place = place
        self._path = place.split(".") if place else []
        self.level = len(self._path)
        self.is_found = False
        # Of the objects that are open around it, the keys that it is at.
        self._keys: list[str | None] = [None] * self.level
        self._is_here = not self._path
        self._opened: int | None = None
        # What stands where a key may be; a piece may end in the middle of it.
        self._before: bytes | None = None

    def spans(self, marks: Marks) -> Iterator[tuple[int, int, bool, bool]]:
        """Yield begin and end of what is inside the list, whether it is one, and ends.

        The pieces of a document must come one after the other.
        """
        last = begin = 0
        is_open = (marks.signs == LIST) | (marks.signs == OBJECT)
        # Nothing inside the list: whoever walked by each record would be slow.
        near = marks.depths <= self.level + is_open
        # No generator: Python keeps the tuple that it makes of one, up to 2,000 such.
        found = [each[near].tolist() for each in (marks.at, marks.signs, marks.depths)]
        for at, sign, depth in zip(*found, strict=True):
            if self._opened is not None:
                is_list = self._opened == LIST
                yield begin, at + (not is_list), is_list, True
                self._close(sign)
            elif self._is_here:
                self._open(sign)
                begin = at + (sign == LIST)
            elif sign == COLON and depth and self._before is not None:
                key = _string(self._before + marks.text[last:at])
                self._keys[depth - 1 :] = [key, *[None] * (self.level - depth)]
                self._is_here = self._keys == self._path
            self._before = b"" if sign in {OBJECT, COMMA} else None
            last = at + 1
        if self._opened is not None:
            yield begin, len(marks.text), self._opened == LIST, False
        elif self._before is not None:
            self._before += marks.text[last:]
            require_length(len(self._before))

    def _open(self, sign: int) -> None:
        if sign not in {LIST, OBJECT}:
            raise WarehouseError(
                f"what it has at {self._place} is no list of records (format: records)"
            )
        self._is_here, self.is_found, self._opened = False, True, sign

    def _close(self, sign: int) -> None:
        if sign != (LIST_END if self._opened == LIST else OBJECT_END):
            raise WarehouseError(
                "it is no JSON: its list of records ends with another bracket than it "
                "begins with"
            )
        self._opened = None


def _string(text: bytes) -> str | None:
    try:
        return json.loads(text)
    except ValueError:
        return None
