"""Results as text tables in a terminal."""

import re
from decimal import Decimal

import click
import duckdb

_NUMBER = re.compile(r"-?[\d,]+(\.\d+)?(e[+-]\d+)?|NULL")
# Line breaks and the like would tear the table, or speak to the terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def print_table(rows: duckdb.DuckDBPyConnection) -> int:
    """Print a result, numbers to the right, and return the number of rows."""
    names = [column[0] for column in rows.description]
    cells = [[_text(value) for value in row] for row in rows.fetchall()]
    columns = list(zip(*cells, strict=True)) if cells else [()] * len(names)
    formats = [
        f"{{:{'>' if cells and all(map(_NUMBER.fullmatch, column)) else '<'}"
        f"{max(map(len, (name, *column)))}}}"
        for name, column in zip(names, columns, strict=True)
    ]
    rule = ["-" * len(form.format("")) for form in formats]
    for line in (names, rule, *cells):
        aligned = (form.format(cell) for form, cell in zip(formats, line, strict=True))
        click.echo("  " + "  ".join(aligned).rstrip())
    return len(cells)


def _text(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, float):
        return f"{value:,.2f}" if abs(value) >= 1_000 else f"{value:.6g}"
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], f"{value}")
