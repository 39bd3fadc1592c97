"""`crm rejects`: the rows that were refused, where they stand and why."""

import click
import duckdb

from dagster_project.tables import print_table
from dbt_models import Deployment, WarehouseError, nearest
from ingest.contracts.sources import active_sources
from ingest.ledger import open_rejects, read_loads
from ingest.quarantine import quarantine_file
from ingest.sql import connect, literal

_TEXT_SHOWN = 80


def print_rejects(deployment: Deployment, full_name: str | None, limit: int) -> None:
    """Print the refused rows of one table, or of all, that are not in yet.

    Raises
    ------
    WarehouseError
        If no active source has the table, or a file of the quarantine is gone.
    """
    sources = active_sources(deployment)
    known = {
        table.full_name: table.timezone for source in sources for table in source.tables
    }
    if full_name is not None and full_name not in known:
        raise WarehouseError(
            f"no active source has a table {full_name}. {nearest(full_name, known)}"
        )
    shown = 0
    with connect() as connection:
        for name in known if full_name is None else [full_name]:
            failed = quarantine_file(deployment, name)
            if failed.exists():
                _title(f"{name}: the last try to load it failed; not in are")
                shown += _print(connection, f"from {literal(failed)}", limit)
            loads = read_loads(deployment.raw, name)
            for load, file in open_rejects(loads, known[name]):
                path = quarantine_file(deployment, name, load.load_id)
                if not path.exists():
                    raise WarehouseError(
                        f"{path} is gone, and with it the rows refused by load "
                        f"{load.load_id} of {name}. ops.rejects has counts and reasons."
                    )
                _title(f"{name}, load {load.load_id}: in but for")
                rows = f"from {literal(path)} where file = {literal(file.path)}"
                shown += _print(connection, rows, limit)
    click.echo(
        "\nMend the files or the contract; the next `crm run` takes the rows in."
        if shown
        else "No row is refused."
    )


def _title(text: str) -> None:
    click.secho(f"\n{text}", bold=True)


def _print(connection: duckdb.DuckDBPyConnection, rows: str, limit: int) -> int:
    shown = print_table(
        connection.execute(
            f"""select file, line, coalesce(column_name, '(the row)') as "column",
                reason, if(length(text) > {_TEXT_SHOWN},
                    left(text, {_TEXT_SHOWN}) || ' ...', text) as text
            {rows} order by file, line, column_name limit {limit}"""
        )
    )
    (found,) = connection.execute(f"select count(*) {rows}").fetchone()
    if found > shown:
        click.echo(f"  ... and {found - shown:,} more (--limit shows more)")
    return shown
