"""Results as text tables in a terminal."""

import re
from decimal import Decimal

import click
import duckdb

_NUMBER = re.compile(r"-?[\d,]*\.?\d*")


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
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (float, Decimal)):
        return f"{value:,.2f}"
    return f"{value}"
