"""Samples of JSON: a list of records, alone or inside a document, or one per line."""

import codecs
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from dbt_models import WarehouseError
from ingest.inference.candidates import Candidate
from ingest.inference.json_objects import fields_of, opened
from ingest.inference.json_places import first_list
from ingest.inference.samples import Sample, names_in, sample_of
from ingest.readers.json_records import LONGEST, require_length, split_records
from ingest.readers.json_values import object_of, text_of

# Bytes of records that are looked at: parsed, they take ten times as much memory.
_MOST = 1 << 26


def read_json(candidate: Candidate, limit: int) -> Sample:
    """Look at the records of a JSON file, as landing finds them.

    Raises
    ------
    WarehouseError
        If it is no JSON or has no records; in words without the file's name.
    """
    place = _place(candidate)
    found: list[dict[str, Any]] = []
    broken = size = 0
    is_whole = True
    with _opened(candidate) as stream:
        if place is None:
            texts = _lines(stream)
        else:
            texts = split_records(stream, place or None)
        for record in texts:
            if len(found) == limit or size > _MOST:
                is_whole = False
                break
            size += len(record)
            try:
                found.append(object_of(record))
            except (ValueError, RecursionError):
                broken += 1
    if not found:
        raise WarehouseError(
            "record 1 has no names: it is no JSON object; export records with names"
            if broken
            else "it is empty; export it again"
        )
    ways = dict.fromkeys(opened(found))
    records = [dict(fields_of(record, ways)) for record in found]
    counts = Counter(name for record in records for name in record)
    if not counts:
        raise WarehouseError("its records have no fields; export them with some")
    names = names_in(list(counts))
    rows = [[text_of(record.get(name), ".") for name in names] for record in records]
    doubts = []
    if ways:
        doubts.append(f"fields of the objects {', '.join(ways)} are columns")
    if place:
        doubts.append(f"the records are those at {place}; nothing else is read")
    if broken:
        doubts.append(f"{broken:,} records are no JSON objects; the run refuses them")
    return replace(
        sample_of(names, rows, limit),
        format={"records": place} if place else {},
        doubts=tuple(doubts),
        optional=frozenset(n for n, count in counts.items() if count < len(records)),
        is_whole=is_whole,
    )


@contextmanager
def _opened(candidate: Candidate) -> Iterator[BinaryIO]:
    with candidate.opened() as stream:
        if stream.peek(3).startswith(codecs.BOM_UTF8):
            stream.read(3)
        yield stream


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    for line in iter(lambda: stream.readline(LONGEST + 1), b""):
        require_length(len(line))
        if line.strip():
            yield line


def _place(candidate: Candidate) -> str | None:
    """Return where the list of records is; '': it is the document; None: on lines."""
    with _opened(candidate) as stream:
        lines = iter(lambda: stream.readline(LONGEST), b"")
        filled = filter(None, map(bytes.strip, lines))
        first = next(filled, None)
        is_more = next(filled, None) is not None
    if first is None:
        raise WarehouseError("it is empty; export it again")
    if first.startswith(b"["):
        return ""
    if not first.startswith(b"{"):
        raise WarehouseError("it does not begin as JSON in UTF-8 does, with [ or {")
    # A document on one line may be a large one.
    found = _object(first)
    if is_more and found is not None:
        return None
    with _opened(candidate) as stream:
        place = first_list(stream)
    if place is None and all(
        isinstance(v, (dict, list)) for v in (found or {}).values()
    ):
        raise WarehouseError(
            "it is one JSON object and no list of records; export a list ([...]), or "
            "one record per line"
        )
    return place


def _object(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line is; None: it is none."""
    try:
        return object_of(line)
    except (ValueError, RecursionError):
        return None
