"""Where in a JSON document its records are, found without parsing it."""

import json
from typing import BinaryIO

from ingest.readers.json_marks import (
    COLON,
    LIST,
    LIST_END,
    OBJECT,
    OBJECT_END,
    marks_of,
)
from ingest.readers.json_records import require_length


def first_list(stream: BinaryIO) -> str | None:
    """Return the place of the first list of objects, such as ``data.items``.

    None: there is none that a contract can name, for keys alone lead to it.

    Raises
    ------
    WarehouseError
        If it is no JSON; in words without anything of its text.
    """
    # Of each bracket that is open: the key that it is at, or None for a list.
    way: list[str | None] = []
    is_list_begun = False
    before = b""
    for marks in marks_of(stream):
        last = 0
        for at, sign in zip(marks.at.tolist(), marks.signs.tolist(), strict=True):
            if sign == OBJECT and is_list_begun and all(way[:-1]):
                return ".".join(way[:-1])
            if sign in {OBJECT, LIST}:
                way.append("" if sign == OBJECT else None)
            elif sign in {OBJECT_END, LIST_END} and way:
                way.pop()
            elif sign == COLON and way:
                way[-1] = _key(before + marks.text[last:at])
            is_list_begun = sign == LIST
            before, last = b"", at + 1
        # A piece may end in the middle of a key.
        before += marks.text[last:]
        require_length(len(before))
    return None


def _key(text: bytes) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    # Dots stand between the keys of a place.
    return found if isinstance(found, str) and "." not in found else ""
