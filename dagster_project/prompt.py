"""`crm sql`: queries on the published file, one or many."""

import contextlib
import sys
from datetime import date

import click
import duckdb

from dagster_project.publishing import publication_path
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


def open_published(
    deployment: Deployment, known_at: date | None = None
) -> duckdb.DuckDBPyConnection:
    """Open the published file for reading.

    Raises
    ------
    WarehouseError
        If nothing is published yet, or the file cannot be read.
    """
    path = publication_path(deployment, known_at)
    if not path.exists():
        asked = f" --known-at {known_at}" if known_at else ""
        raise WarehouseError(
            f"nothing is published yet ({path}). Run `crm run{asked}` first."
        )
    try:
        connection = connect(path, read_only=True)
        if connection.execute("from ops.build_info").fetchone():
            return connection
        reason = "it does not say which run made it"
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
    raise WarehouseError(
        f"{path} cannot be read ({reason}). If somebody has it open for writing, close "
        "that session and open the file read-only (duckdb -readonly); if the file is "
        "damaged, `crm run` makes it anew."
    )


def answer(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Print the result of each statement of a query.

    Raises
    ------
    WarehouseError
        With DuckDB's own words, if the query is wrong.
    """
    try:
        for statement in connection.extract_statements(query):
            rows = connection.execute(statement)
            if rows.description:
                count = print_table(rows)
                click.echo(f"  ({count:,} {'row' if count == 1 else 'rows'})")
    except duckdb.Error as error:
        raise WarehouseError(str(error)) from error


def loop(connection: duckdb.DuckDBPyConnection) -> None:
    """Answer queries until the user leaves; those from a pipe, until one is wrong.

    Raises
    ------
    WarehouseError
        If a query from a pipe is wrong.
    """
    is_person = sys.stdin.isatty()
    if is_person:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - gives input() a history
        click.echo(f"The published warehouse, read-only. {_HELP}")
    pending = ""
    while True:
        prompt = "...> " if pending else "crm> "
        try:
            line = input(prompt if is_person else "").strip()
        except EOFError:
            if is_person:
                click.echo()
            else:
                # The last statement of a file need not end with a semicolon.
                answer(connection, pending)
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
            try:
                answer(connection, pending)
            except WarehouseError as error:
                if not is_person:
                    raise
                click.echo(f"  {error}", err=True)
            pending = ""


def _command(connection: duckdb.DuckDBPyConnection, line: str) -> None:
    name, _, argument = line.partition(" ")
    if name == ".tables":
        print_table(connection.execute(_TABLES))
    elif name == ".columns":
        print_table(connection.execute(_COLUMNS, [argument.strip()]))
    else:
        click.echo(f"  {_HELP}")
