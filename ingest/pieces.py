"""A part in pieces: what has to be looked at closely is looked at in small numbers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dbt_models import WarehouseError
from ingest.parts import Part, refuse
from ingest.readers import csv_pieces
from ingest.readers.csv_files import CsvReader
from ingest.readers.readable import Readable


def is_large(part: Part) -> bool:
    """Return whether it has more text than should be looked at at once."""
    return sum(map(_size, part.readables)) > csv_pieces.SIZE


def pieces(part: Part, folder: Path) -> Iterator[Part]:
    """Yield the part in pieces, in the order of its rows: small files, or of a large.

    What a piece is read from is there until the next one.

    Raises
    ------
    WarehouseError
        If a file cannot be taken apart.
    """
    small: list[Readable] = []
    for found in part.readables:
        if sum(map(_size, [*small, found])) > csv_pieces.SIZE:
            if small:
                yield replace(part, readables=small)
            small = []
        if _size(found) <= csv_pieces.SIZE:
            small.append(found)
            continue
        try:
            for piece in found.pieces(part.stored, folder):
                yield replace(part, reader=piece.reader, readables=[piece])
        except (WarehouseError, OSError) as error:
            raise refuse(part.table, found.file.name, error) from error
    if small:
        yield replace(part, readables=small)


def _size(found: Readable) -> int:
    """Return about how many bytes of text it has; what has columns has none."""
    is_text = isinstance(found.reader, CsvReader)
    return csv_pieces.text_size(found.path) if is_text else 0
