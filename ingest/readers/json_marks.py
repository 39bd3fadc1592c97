"""The brackets, commas and colons of JSON, found without a look at what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from dbt_models import WarehouseError

QUOTE, COMMA, COLON, LIST, OBJECT, LIST_END, OBJECT_END = b'",:[{]}'
_CHUNK = 1 << 20
_IS_MARK = np.zeros(256, bool)
_IS_MARK[[QUOTE, COMMA, COLON, LIST, OBJECT, LIST_END, OBJECT_END]] = True
_STEP = np.zeros(256, np.int64)
_STEP[[LIST, OBJECT]] = 1
_STEP[[LIST_END, OBJECT_END]] = -1


@dataclass(frozen=True)
class Marks:
    """The marks in a piece of a document that stand in none of its strings.

    Attributes
    ----------
    at
        Where in the text each of them is.
    signs
        What each of them is.
    depths
        How many brackets are open behind it.
    """

    text: bytes
    at: np.ndarray
    signs: np.ndarray
    depths: np.ndarray


def marks_of(stream: BinaryIO) -> Iterator[Marks]:
    """Yield the marks of a document, piece by piece.

    Raises
    ------
    WarehouseError
        If its brackets or quotes are not those of one value; in words without
        anything of its text.
    """
    begin = depth = is_quoted = 0
    is_over = False
    rest = b""
    while chunk := stream.read(_CHUNK):
        chunk = rest + chunk
        # What a backslash at the end stands before is still to come.
        text = chunk.rstrip(b"\\")
        rest = chunk[len(text) :]
        marks, is_quoted = _marks(text, depth, is_quoted)
        ends = marks.at[marks.depths <= 0]
        behind = text if is_over else text[ends[0] + 1 :] if len(ends) else b""
        if behind.strip():
            raise WarehouseError(
                "it is no JSON, or not one document only: something stands behind the "
                f"end of it, after byte {begin + len(text) - len(behind):,}"
            )
        is_over = is_over or len(ends) > 0
        yield marks
        depth = int(marks.depths[-1]) if len(marks.depths) else depth
        begin += len(text)
    if depth or is_quoted or rest:
        what = "a string" if is_quoted else "a bracket"
        raise WarehouseError(
            f"it is no JSON, or cut off: {what} is still open at its end, byte "
            f"{begin + len(rest):,}"
        )


def _marks(text: bytes, depth: int, is_quoted: int) -> tuple[Marks, int]:
    """Return a text's marks, and whether it ends inside a string."""
    plain = text.replace(rb"\\", b"..").replace(rb"\"", b"..")
    signs = np.frombuffer(plain, np.uint8)
    at = np.flatnonzero(_IS_MARK[signs])
    signs = signs[at]
    is_quote = signs == QUOTE
    quotes = is_quoted + np.cumsum(is_quote)
    is_outside = ~is_quote & (quotes % 2 == 0)
    at, found = at[is_outside], signs[is_outside]
    depths = depth + np.cumsum(_STEP[found])
    return Marks(text, at, found, depths), int(
        quotes[-1] % 2 if len(quotes) else is_quoted
    )
