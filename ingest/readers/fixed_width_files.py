"""Fixed-width files: each field of a line begins where the contract's widths say."""

from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.readers.text_files import count_lines, opened_below
from ingest.readers.text_rows import TextRow, header_of


def rows(path: Path, member: None, table: Table) -> Iterator[TextRow]:
    """Yield the lines, cut and without the blanks around their fields.

    Raises
    ------
    WarehouseError
        If the contract has no widths.
    """
    names = [name for name, _ in table.format.widths]
    if not names:
        raise WarehouseError(
            "its contract does not say how wide its columns are (format: {widths: "
            "{<column>: <characters>}})"
        )
    ends = list(accumulate((width for _, width in table.format.widths), initial=0))
    nulls = {"", *table.format.nulls}
    yield header_of(names)
    above = table.format.skip_lines + table.format.header
    with opened_below(path, above) as lines:
        for number, line in enumerate(lines, start=above + 1):
            if not line.strip():
                continue
            try:
                text = line.decode().rstrip("\r\n")
            except UnicodeDecodeError:
                text = line.decode("utf-8", "backslashreplace")
                yield TextRow(number, {}, "not text in its encoding", text)
                continue
            if text[ends[-1] :].strip():
                yield TextRow(number, {}, f"longer than {ends[-1]} characters", text)
                continue
            cut = (text[start:end].strip() for start, end in pairwise(ends))
            values = zip(names, cut, strict=True)
            yield TextRow(number, {n: None if v in nulls else v for n, v in values})


def count_rows(path: Path, member: None, table: Table) -> int:
    """Count the lines that are not blank."""
    return count_lines(path, table.format.skip_lines + table.format.header)
