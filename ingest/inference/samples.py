"""What is looked at of a file: its first rows, as text, whatever kind it is."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from dbt_models import WarehouseError
from ingest.contracts import OWN_NAMES

# Rows of a table that are looked at, all its files together.
ROWS_LOOKED_AT = 100_000
_BATCH = 10_000


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Attributes
    ----------
    names
        Names of the columns, as they stand in the file or made up.
    rows
        Text in columns ``c0``, ``c1`` ...; an empty field is null.
    format
        How the file is written, in the words of a contract, as far as it is seen.
    doubts
        What somebody should look at, in sentences.
    stored
        Types that the file itself states; none for text.
    is_whole
        Whether these are all rows of the file.
    optional
        Names that some of the records leave out, where each has names of its own.
    """

    names: tuple[str, ...]
    rows: pa.Table
    format: dict[str, Any] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    stored: dict[str, str] = field(default_factory=dict)
    is_whole: bool = True
    optional: frozenset[str] = frozenset()


def sample_of(
    names: Sequence[str], rows: Iterable[Sequence[str | None]], limit: int, **facts: Any
) -> Sample:
    """Return the sample of rows that have as many fields as there are names."""
    rows = iter(rows)
    schema = pa.schema([(f"c{n}", pa.string()) for n in range(len(names))])
    # Batch by batch, for lists of Python's texts take ten times as much memory.
    batches = list(_batches(islice(rows, limit), schema))
    return Sample(
        names=tuple(names),
        rows=pa.Table.from_batches(batches, schema),
        is_whole=next(rows, None) is None,
        **facts,
    )


def _batches(
    rows: Iterator[Sequence[str | None]], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    while batch := list(islice(rows, _BATCH)):
        columns = zip(*batch, strict=True)
        yield pa.record_batch(
            [pa.array([v or None for v in c], pa.string()) for c in columns], schema
        )


def text_of(value: Any) -> str | None:
    """Write a value as a text file would."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    # A workbook has no whole numbers; 90022 is stored as 90022.0.
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    if isinstance(value, datetime) and value.time() == time() and not value.tzinfo:
        return value.date().isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def names_in(header: Sequence[str]) -> list[str]:
    """Return the names in a header, all of which a contract can have.

    Raises
    ------
    WarehouseError
        If it cannot. Without names columns go by their order, and a file that has
        them in another would be read as if nothing had happened.
    """
    seen: set[str] = set()
    for number, name in enumerate(header, start=1):
        if not name.strip():
            flaw = "has no name"
        elif name.lower() in seen:
            flaw = f"is called '{name}', as another one is"
        elif name.lower() in OWN_NAMES:
            flaw = f"is called '{name}', which the warehouse itself uses"
        # dbt would take double braces for a template.
        elif not name.isprintable() or re.search("[{][{%#]", name):
            flaw = f"has the name {name!r}, which cannot be written in SQL"
        else:
            seen.add(name.lower())
            continue
        raise WarehouseError(
            f"column {number} of {len(header)} {flaw}; give each a name of its own"
        )
    return list(header)


def made_up_names(count: int) -> list[str]:
    """Return names for columns that have none, which go by their order."""
    return [f"column_{number}" for number in range(1, count + 1)]


def find_header(
    records: Sequence[Sequence[str]],
) -> tuple[bool, str | None]:
    """Return whether the first record names the columns, and what is doubtful of it.

    A header has no empty names twice, no dates and no numbers but years; where all is
    text, the first record is taken for one unless its words come again below.
    """
    first, *others = records
    filled = [cell.strip() for cell in first if cell.strip()]
    if not filled:
        raise WarehouseError("its first line is blank; there must be names or values")
    values = [place for place, cell in enumerate(first) if _is_value(cell.strip())]
    below = (row[place] for row in others for place in values if place < len(row))
    is_year = re.compile(r" *(19|20)\d\d *").fullmatch
    # A column may be called by its year, if it does not hold years.
    are_names = all(is_year(first[n]) for n in values) and not any(map(is_year, below))
    if values and not (are_names and len(values) < len(filled)):
        return False, "the first line holds values, so the columns have no names yet"
    again = any(
        row[place].strip() == cell.strip()
        for row in others
        for place, cell in enumerate(first)
        if cell.strip() and place < len(row)
    )
    if again:
        return False, "words of the first line come again below it, so it is no header"
    if values:
        return True, "years in the first line were taken for names of columns"
    typed = any(_is_value(cell.strip()) for row in others for cell in row)
    if others and not typed:
        return True, "all is text; the first line was taken for the columns' names"
    return True, None


def _is_value(text: str) -> bool:
    return bool(
        re.fullmatch(r"[-+(]?[\d.,' ]*\d[\d.,' ]*[-%)]?", text)
        or re.fullmatch(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?", text)
        or re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", text)
    )
