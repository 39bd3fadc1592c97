"""`crm sql`: queries on the published file, one or many."""

import contextlib

import click
import duckdb

from dagster_project.tables import print_table
from dbt_models import Deployment, WarehouseError
from ingest.sql import connect

_HELP = """Statements end with a semicolon. .tables lists what there is, .columns TABLE
describes one, .quit (or Ctrl-D) leaves."""
_TABLES = """
    select schema_name || '.' || table_name as "table", estimated_size as "rows",
        comment
    from duckdb_tables() order by schema_name, table_name
"""
_COLUMNS = """
    select column_name, data_type, comment from duckdb_columns()
    where schema_name || '.' || table_name = ? order by column_index
"""


def open_published(deployment: Deployment) -> duckdb.DuckDBPyConnection:
    """Open the published file for reading.

    Raises
    ------
    WarehouseError
        If nothing is published yet.
    """
    path = deployment.published_database
    if not path.exists():
        raise WarehouseError(f"nothing is published yet ({path}). Run `crm run` first.")
    return connect(path, read_only=True)


def answer(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Print the result of a query.

    Raises
    ------
    WarehouseError
        With DuckDB's own words, if the query is wrong.
    """
    try:
        rows = connection.execute(query)
        if rows.description:
            count = print_table(rows)
            click.echo(f"  ({count:,} {'row' if count == 1 else 'rows'})")
    except duckdb.Error as error:
        raise WarehouseError(str(error)) from error


def loop(connection: duckdb.DuckDBPyConnection) -> None:
    """Answer queries until the user leaves."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - gives input() a history
    click.echo(f"The published warehouse, read-only. {_HELP}")
    pending = ""
    while True:
        try:
            line = input("crm> " if not pending else "...> ").strip()
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            pending = ""
            click.echo()
            continue
        if not pending and line.startswith("."):
            if line in {".quit", ".exit"}:
                return
            _command(connection, line)
            continue
        pending = f"{pending}\n{line}".strip()
        if pending.endswith(";"):
            _show(connection, pending)
            pending = ""


def _show(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        answer(connection, query)
    except WarehouseError as error:
        click.echo(f"  {error}", err=True)


def _command(connection: duckdb.DuckDBPyConnection, line: str) -> None:
    name, _, argument = line.partition(" ")
    if name == ".tables":
        print_table(connection.execute(_TABLES))
    elif name == ".columns":
        print_table(connection.execute(_COLUMNS, [argument.strip()]))
    else:
        click.echo(f"  {_HELP}")
