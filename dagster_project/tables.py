"""Results as text tables in a terminal."""

from decimal import Decimal

import click
import duckdb


def print_table(rows: duckdb.DuckDBPyConnection) -> int:
    """Print a result with aligned columns and return the number of rows."""
    names = [column[0] for column in rows.description]
    found = rows.fetchall()
    cells = [[_text(value) for value in row] for row in found]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    numeric = [
        bool(found) and all(value is None or _is_number(value) for value in column)
        for column in (zip(*found, strict=True) if found else names)
    ]
    for line in (names, ["-" * width for width in widths], *cells):
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ]
        click.echo("  " + "  ".join(padded).rstrip())
    return len(cells)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (float, Decimal)):
        return f"{value:,.2f}"
    return f"{value}"
