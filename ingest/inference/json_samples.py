"""Samples of JSON: a list of records, alone or inside a document, or one per line."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from dbt_models import WarehouseError
from ingest.inference.samples import Sample, names_in, sample_of, text_of


def read_json(path: Path, limit: int) -> Sample:
    """Look at the records of a JSON file, as landing finds them.

    Raises
    ------
    WarehouseError
        If it is no JSON or has no records; in words without the file's name.
    """
    with _opened(path) as stream:
        place = _place(stream)
    count = 0
    found: list[dict[str, Any]] = []
    try:
        with _opened(path) as stream:
            records = _lines(stream) if place is None else ijson.items(stream, place)
            for count, record in enumerate(islice(records, limit + 1), start=1):
                if not isinstance(record, dict):
                    raise WarehouseError(f"record {count} has no names")
                found.append(record)
    except (ijson.JSONError, ValueError, EOFError, zlib.error, OSError) as error:
        said = str(error).splitlines()[0]
        raise WarehouseError(
            f"behind {count:,} records it is not JSON ({said})"
        ) from error
    if not found:
        raise WarehouseError("it is empty; export it again")
    names = names_in(list(dict.fromkeys(name for record in found for name in record)))
    rows = [[text_of(record.get(name)) for name in names] for record in found]
    sample = sample_of(names, rows, limit)
    if place in {None, "item"}:
        return sample
    records_at = place.removesuffix(".item")
    return replace(
        sample,
        format={"records": records_at},
        doubts=(f"the records are those at {records_at}; nothing else is read",),
    )


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _lines(stream: BinaryIO) -> Iterator[Any]:
    for number, line in enumerate(stream):
        text = line if number else line.removeprefix(codecs.BOM_UTF8)
        if text.strip():
            yield json.loads(text, parse_float=Decimal)


def _place(stream: BinaryIO) -> str | None:
    """Return where ijson finds the records; None: there is one on each line."""
    try:
        head = stream.read(1_024).removeprefix(codecs.BOM_UTF8).lstrip()
        if not head:
            raise WarehouseError("it is empty; export it again")
        if head.startswith(b"["):
            return "item"
        stream.seek(0)
        try:
            first, *others = islice(_lines(stream), 2)
        except ValueError:
            first, others = None, []
        if others:
            return None
        stream.seek(0)
        place = _first_list(stream)
    except (ijson.JSONError, EOFError, zlib.error, OSError) as error:
        said = str(error).splitlines()[0]
        raise WarehouseError(f"it is not JSON, or damaged ({said})") from error
    has_values = isinstance(first, dict) and not all(
        isinstance(value, (dict, list)) for value in first.values()
    )
    if place is None and not has_values:
        raise WarehouseError(
            "it is one JSON object and no list of records; export a list ([...]), or "
            "one record per line"
        )
    return place


def _first_list(stream: BinaryIO) -> str | None:
    """Return where in a document the first list of records is."""
    lists = set()
    for prefix, event, _ in ijson.parse(stream):
        if event == "start_array" and "item" not in prefix.split("."):
            lists.add(f"{prefix}.item")
        elif event == "start_map" and prefix in lists:
            return prefix
    return None
