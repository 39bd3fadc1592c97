"""`crm explain`: what a table or column is, from what it is made, when loaded."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

import click
import duckdb

from dagster_project.catalog.published import Catalog, Column, Table, read_catalog
from dagster_project.catalog.trees import INDENT, column_tree, ends_of, table_tree
from dbt_models import WarehouseError, nearest

_WIDTH = 100


def print_explanation(published: duckdb.DuckDBPyConnection, name: str) -> None:
    """Print what the publication knows of a table, column or KPI.

    Raises
    ------
    WarehouseError
        If there is no such thing, or more than one.
    """
    catalog = read_catalog(published)
    kpis = published.execute(
        "select kpi, unit, description, sql_expression from marts.kpi_definitions"
    ).fetchall()
    found = _find(catalog, {kpi[0]: kpi for kpi in kpis}, name)
    if isinstance(found, Table):
        _print_table(catalog, found)
    elif isinstance(found, Column):
        _print_column(catalog, found)
    else:
        _print_kpi(*found)
    click.echo(
        f"\nPublished {catalog.published_at:%Y-%m-%d %H:%M} UTC; looks up to "
        f"{catalog.as_of_date}."
    )


def _find(
    catalog: Catalog, kpis: Mapping[str, tuple], name: str
) -> Table | Column | tuple:
    """Return the thing of that name; the schema, or the table, may be left out."""
    things = {**catalog.tables, **catalog.columns}
    things.update((f"kpi.{kpi}", definition) for kpi, definition in kpis.items())
    wanted = name.lower()
    matches = [full for full in things if full.lower() == wanted] or [
        full
        for full in things
        # A raw table is known by its source, too.
        if full.lower().removeprefix("raw_") == wanted
        or full.lower().endswith(f".{wanted}")
    ]
    # `customers` is the table, though columns may be called so.
    matches = [full for full in matches if full in catalog.tables] or matches
    if len(matches) > 1:
        matches = [m for m in matches if _is_published(catalog, m)] or matches
    if not matches:
        shorter = {full.split(".", n)[-1] for full in things for n in (0, 1, 2)}
        close = nearest(wanted, sorted(shorter))
        if not close.startswith("Did you mean"):
            close = "`crm catalog` shows what there is."
        raise WarehouseError(f"there is no table, column or KPI '{name}'. {close}")
    if len(matches) > 1:
        raise WarehouseError(
            f"'{name}' may be one of several; say which:\n"
            + "\n".join(f"  {full}" for full in matches)
        )
    return things[matches[0]]


def _is_published(catalog: Catalog, full_name: str) -> bool:
    table = full_name.rpartition(".")[0] if full_name in catalog.columns else full_name
    return table not in catalog.tables or catalog.tables[table].is_published


def _print_column(catalog: Catalog, column: Column) -> None:
    table = catalog.tables[column.table]
    click.secho(column.full_name, bold=True, nl=False)
    click.echo(f"  {column.data_type}")
    _print_text(column.description or "(no description)")
    click.secho("\nIn the table", bold=True)
    _print_text(f"{table.full_name}{_seen_by_readers(table)}. {table.description}")
    _print_section("Made from", column_tree(catalog, column))
    _print_section("Made into", _names(catalog.made_into.get(column.full_name, [])))
    ends: dict[str, list[str]] = {}
    for end in ends_of(catalog, column):
        ends.setdefault(end.table, []).append(end.name)
    if not any(catalog.tables[name].file_pattern for name in ends):
        # Counted or constant: what is in the rows' files decides it all the same.
        ends = {end.full_name: [] for end in catalog.files_behind(table)}
    _print_files(catalog, ends)


def _print_table(catalog: Catalog, table: Table) -> None:
    click.secho(table.full_name, bold=True, nl=False)
    rows = "" if table.row_count is None else f"  {table.row_count:,} rows"
    click.echo(f"{rows}{_seen_by_readers(table)}")
    _print_text(table.description or "(no description)")
    width = max(map(len, table.columns))
    types = max(len(column.data_type) for column in table.columns.values())
    _print_section(
        "Columns",
        (
            f"{INDENT}{column.name:{width}}  {column.data_type:{types}}  "
            f"{column.description}".rstrip()
            for column in table.columns.values()
        ),
    )
    _print_section("Made from", table_tree(catalog, table))
    _print_section("Made into", _names(catalog.made_into.get(table.full_name, [])))
    _print_files(catalog, {end.full_name: [] for end in catalog.files_behind(table)})


def _print_kpi(kpi: str, unit: str, description: str, sql: str) -> None:
    click.secho(kpi, bold=True, nl=False)
    click.echo(f"  KPI, in {unit}")
    _print_text(description)
    click.secho("\nComputed over the baskets of a day or month", bold=True)
    click.echo(f"{INDENT}{sql}")
    click.echo(
        "\nIts values are in marts.kpi_daily and marts.kpi_monthly: "
        "`crm explain kpi_monthly.kpi_value` says from what they are made."
    )


def _seen_by_readers(table: Table) -> str:
    return "" if table.is_published else " (inside the pipeline, not published)"


def _print_text(text: str) -> None:
    click.echo(
        textwrap.fill(text, _WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    )


def _print_section(title: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    if lines:
        click.secho(f"\n{title}", bold=True)
        click.echo("\n".join(lines))


def _names(names: list[str]) -> Iterator[str]:
    return (f"{INDENT}{name}" for name in names)


def _print_files(catalog: Catalog, ends: Mapping[str, list[str]]) -> None:
    """Print the files behind tables (to the columns used), and when they came."""
    _print_section("From the files", _file_lines(catalog, ends))


def _file_lines(catalog: Catalog, ends: Mapping[str, list[str]]) -> Iterator[str]:
    for name, columns in ends.items():
        pattern = catalog.tables[name].file_pattern
        if not pattern:
            continue
        into = f"{name} ({', '.join(columns)})" if columns else name
        yield f"{INDENT}{pattern}: {into}"
        loaded = catalog.loaded.get(name)
        if loaded:
            yield (
                f"{INDENT * 2}last loaded {loaded.last_loaded_at:%Y-%m-%d %H:%M} UTC, "
                f"newest file {loaded.newest_file}; {loaded.row_count:,} rows from "
                f"{loaded.file_count:,} {'file' if loaded.file_count == 1 else 'files'}"
            )
        elif pattern.startswith("exports/"):
            yield f"{INDENT * 2}nothing loaded yet"
