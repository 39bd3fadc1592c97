"""Fixed-width files: each field of a line begins where the contract's widths say."""

from collections.abc import Iterator, Mapping
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
        If the contract has no widths, or the first line shows that it is wrong about
        the header.
    """
    names = [name for name, _ in table.format.widths]
    if not names:
        raise WarehouseError(
            "its contract does not say how wide its columns are (format: {widths: "
            "{<column>: <characters>}})"
        )
    ends = list(accumulate((width for _, width in table.format.widths), initial=0))

    def cut(text: str) -> dict[str, str]:
        fields = (text[start:end].strip() for start, end in pairwise(ends))
        return dict(zip(names, fields, strict=True))

    nulls = {"", *table.format.nulls}
    yield header_of(names)
    first = table.format.skip_lines + 1
    with opened_below(path, table.format.skip_lines) as lines:
        for number, line in enumerate(lines, start=first):
            if number == first:
                _check_first(cut(line.decode(errors="replace")), first, table)
                if table.format.header:
                    continue
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
            values = {n: None if v in nulls else v for n, v in cut(text).items()}
            yield TextRow(number, values)


def count_rows(path: Path, member: None, table: Table) -> int:
    """Count the lines that are not blank."""
    return count_lines(path, table.format.skip_lines + table.format.header)


def _check_first(fields: Mapping[str, str], number: int, table: Table) -> None:
    """Raise if the first line is plainly no header, or one that nobody speaks of.

    Raises
    ------
    WarehouseError
        In words without anything that stands there: it may be a row of data.
    """
    filled = {name.lower(): value.lower() for name, value in fields.items() if value}
    # Names may be cut to the width of their columns; a letter or two may be a code.
    names = [
        name
        for name, value in filled.items()
        if name == value or (len(value) > 2 and name.startswith(value))
    ]
    has_names = len(names) * 2 > len(filled)
    if has_names and not table.format.header:
        raise WarehouseError(
            f"line {number} has the names of the columns, and would be read as a row; "
            "let the contract say so (format: {header: true})"
        )
    # Numbers and dates have digits, and their names hardly ever.
    told = [
        value
        for name, value in fields.items()
        if value and table.types.get(name, "varchar") not in {"boolean", "varchar"}
    ]
    has_data = bool(told) and all(any(map(str.isdigit, value)) for value in told)
    if has_data and not has_names and table.format.header:
        raise WarehouseError(
            f"line {number} is a row of data, and would be passed over as the header; "
            "take header: true out of the contract's format, or mend skip_lines"
        )
