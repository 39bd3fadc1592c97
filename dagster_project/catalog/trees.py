"""Lineage as indented lines: what it is made from, and what that is made from."""

import textwrap
from collections.abc import Iterator

import click

from dagster_project.catalog.published import Catalog, Column, Table

INDENT = "  "
_EXPRESSION_WIDTH = 160
_EXPRESSIONS_SHOWN = 8
# Lines; a tree of more is cut where it is deepest.
_TREE_HEIGHT = 60
_DEEPEST = 20
_CUT = " ..."


def column_tree(catalog: Catalog, column: Column) -> list[str]:
    """Return how a column is made, as far back as fits on a screen or two."""
    for levels in range(_DEEPEST, 0, -1):
        lines = list(_column_lines(catalog, column, set(), 1, levels))
        if len(lines) <= _TREE_HEIGHT:
            break
    if any(line.endswith(_CUT) for line in lines):
        lines.append(f"{INDENT}{_CUT.strip()} crm explain COLUMN goes on from there")
    return lines


def _column_lines(
    catalog: Catalog, column: Column, shown: set[str], depth: int, levels: int
) -> Iterator[str]:
    """Yield how a column is computed, then what it is made from, further in."""
    indent = INDENT * depth
    for expression in column.expressions[:_EXPRESSIONS_SHOWN]:
        short = textwrap.shorten(expression, _EXPRESSION_WIDTH, placeholder=_CUT)
        yield click.style(f"{indent}{short}", dim=True)
    more = len(column.expressions) - _EXPRESSIONS_SHOWN
    if more > 0:
        yield click.style(f"{indent}... and {more} more", dim=True)
    if column.untraced:
        yield click.style(
            f"{indent}could not be traced through {column.table}: {column.untraced}",
            fg="yellow",
        )
    for name in column.made_from:
        parent = catalog.columns[name]
        line = f"{indent}{name}"
        # Taken over as it is, from table to table: one line.
        while name not in shown and _is_taken_over(parent):
            shown.add(name)
            (name,) = parent.made_from
            parent = catalog.columns[name]
            line += f" ← {name}"
        if not parent.made_from and not parent.expressions and not parent.untraced:
            yield line
        elif name in shown:
            yield f"{line} (see above)"
        elif depth == levels:
            yield line + _CUT
        else:
            yield line
            shown.add(name)
            yield from _column_lines(catalog, parent, shown, depth + 1, levels)


def _is_taken_over(column: Column) -> bool:
    computed = column.expressions or column.untraced
    return len(column.made_from) == 1 and not computed


def table_tree(catalog: Catalog, table: Table) -> list[str]:
    """Return the tables that a table is made from, and those these are made from."""
    return list(_table_lines(catalog, table, set(), 1))


def _table_lines(
    catalog: Catalog, table: Table, shown: set[str], depth: int
) -> Iterator[str]:
    for name in table.made_from:
        parent = catalog.tables[name]
        seen_above = name in shown and parent.made_from
        yield f"{INDENT * depth}{name}{' (see above)' if seen_above else ''}"
        if name not in shown:
            shown.add(name)
            yield from _table_lines(catalog, parent, shown, depth + 1)


def ends_of(catalog: Catalog, column: Column) -> list[Column]:
    """Return the columns that a column is made from in the end."""
    seen = {column.full_name: column}
    waiting = [column]
    while waiting:
        for name in waiting.pop().made_from:
            if name not in seen:
                seen[name] = catalog.columns[name]
                waiting.append(seen[name])
    return [seen[name] for name in sorted(seen) if not seen[name].made_from]
