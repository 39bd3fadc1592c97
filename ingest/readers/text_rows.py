"""Rows of text that converters make of files which no engine reads as they stand."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.readers.headers import bare_names, contract_names
from ingest.rejects import Reject

# The column of the copy that says where in the file a row stood.
LINE = "_line"
_BATCH = 20_000


@dataclass(frozen=True)
class TextRow:
    """One row of a file.

    Attributes
    ----------
    line
        Where it begins in the file, from 1.
    values
        Column name to text; columns that are left out are empty.
    flaw
        Why it is no row of the table; None if it is.
    text
        The row as it stands in the file, if it has a flaw.
    column
        The one at fault, if it is one; then the text is JSON of the row's values.
    """

    line: int
    values: dict[str, str | None]
    flaw: str | None = None
    text: str = ""
    column: str | None = None


class BrokenCellError(Exception):
    """A cell that has no value, and why; without anything that stands in it."""


def named_rows(
    numbered: Iterable[tuple[int, Sequence[Any]]],
    table: Table,
    text_of: Callable[[str, Any], str | None],
) -> Iterator[TextRow]:
    """Name the cells of rows by the header, the first row that is not blank.

    ``text_of`` makes text of a column's cell, or raises BrokenCellError; of a name, it
    is told no column.
    """
    nulls = set(table.format.nulls)
    filled = (
        (line, cells)
        for line, cells in numbered
        if any(cell is not None and cell != "" for cell in cells)
    )
    names = list(table.types)
    if table.format.header:
        _, header = next(filled, (0, []))
        texts = [text_of("", cell) or "" for cell in header]
        names = contract_names(bare_names(texts, "", table.names), table)
        while names and not names[-1]:
            names.pop()
        if len(set(names)) < len(names):
            # Which, is not said: it may be a row of data.
            raise WarehouseError("wrong header: a name stands in it twice")
    yield header_of(names)
    for line, cells in filled:
        if any(cell is not None and cell != "" for cell in cells[len(names) :]):
            text = "\t".join("" if cell is None else str(cell) for cell in cells)
            yield TextRow(line, {}, "more columns than the header", text)
            continue
        values, flaws = dict.fromkeys(names), {}
        for name, cell in zip(names, cells, strict=False):
            try:
                text = text_of(name, cell)
                values[name] = None if text in nulls else text
            except BrokenCellError as error:
                values[name], flaws[name] = str(cell), str(error)
        if flaws:
            column, flaw = next(iter(flaws.items()))
            text = json.dumps(values, ensure_ascii=False)
            yield TextRow(line, {}, flaw, text, column)
        else:
            yield TextRow(line, values)


def header_of(names: Iterable[str]) -> TextRow:
    """Return what converters yield first, so that a file without rows has columns."""
    return TextRow(0, dict.fromkeys(names))


def write_copy(rows: Iterable[TextRow], path: Path) -> list[Reject]:
    """Write the rows to a Parquet file of text, and return those with a flaw."""
    # A tenth of a second that a run without such files does not pay.
    import pyarrow as pa
    from pyarrow import parquet

    rejects: list[Reject] = []
    pending = iter(rows)
    names = list(next(pending).values)
    if LINE in names:
        raise WarehouseError(f"landing itself uses the name {LINE}; rename the column")
    schema = pa.schema([(LINE, pa.int64()), *((name, pa.string()) for name in names)])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(pending, _BATCH)):
            good = [row for row in batch if row.flaw is None]
            rejects += [
                Reject(row.line, row.column, row.flaw, row.text)
                for row in batch
                if row.flaw
            ]
            columns = {LINE: [row.line for row in good]}
            columns |= {name: [r.values.get(name) for r in good] for name in names}
            writer.write_table(pa.table(columns, schema=schema))
    return rejects
