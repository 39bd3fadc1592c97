"""Expectations on raw tables: checked in a run, recorded, and shown afterwards."""

from collections.abc import Sequence

import click
import duckdb

from dagster_project.lock import is_running
from dagster_project.quality_report import Report, page_path, read_report, write_page
from dagster_project.tables import print_table
from dbt_models import Deployment, WarehouseError
from dbt_models.ops import fill_ops_table
from expectations.promise import Delivery, Promise
from expectations.validation import Result, validate
from ingest.contract_files import active_sources
from ingest.contracts import Table
from ingest.ledger import now, read_loads
from ingest.raw import DELIVERED_AT
from ingest.sql import connect

# In the order in which models take them, by which the last one is the newest.
_DELIVERIES = f"""
    select loads.load_id, sum(load_files.rows_loaded)
    from ops.loads
    inner join ops.load_files on loads.load_id = load_files.load_id
    where
        loads.source_system = ? and loads.table_name = ?
        and not load_files.is_repeated
    group by all
    order by max({DELIVERED_AT}), loads.load_id
"""
_SUMMARY = """
    select
        table_name as "table",
        count(*) as expectations,
        count(*) filter (is_met) as met,
        count(*) filter (not is_met) as not_met,
        count(*) filter (is_met is null) as not_delivered,
        max(checked_at) as checked_at_utc
    from ops.quality_results group by all order by not_met desc, table_name
"""


def check_table(
    deployment: Deployment, table: Table, all_tables: Sequence[Table]
) -> list[Result]:
    """Check a raw table, keep the results in the build, and renew the page of all."""
    promise = _promise(deployment, table)
    results = validate(deployment, promise, table.raw_schema)
    checked_at = now()
    with connect(deployment.build_database) as connection:
        # Dagster can run a check again by itself.
        connection.execute(
            "delete from ops.quality_results where table_name = ?",
            [f"{table.raw_schema}.{table.name}"],
        )
        rows = ({**vars(result), "checked_at": checked_at} for result in results)
        fill_ops_table(connection, "quality_results", rows)
        # Now, not at the end of the run: it is looked at when the run has failed.
        write_page(deployment, read_report(connection, all_tables))
    return results


def verdict(deployment: Deployment, table: Table, results: Sequence[Result]) -> str:
    """Say in a sentence how it went, and what to do if it went wrong."""
    broken = [result for result in results if result.is_met is False]
    if not broken:
        if all(result.is_met for result in results):
            return f"{len(results)} expectations met"
        return f"nothing delivered yet, {len(results)} expectations not checked"
    loads = read_loads(deployment.raw, table.full_name)
    newest = max(loads, key=lambda load: load.order)
    places = " and ".join(sorted({result.defined_in for result in broken}))
    return (
        f"{'; '.join(result.sentence for result in broken)}. "
        f"If the delivery is wrong, take its files out of exports/ and delete its load "
        f"{newest.folder(deployment.raw)} , the newest of this table; if the "
        f"expectation is, change {places} ; then run again"
    )


def show_quality(deployment: Deployment) -> bool:
    """Print the last validation, write its page, and say whether all is as expected.

    Raises
    ------
    WarehouseError
        If a run is going on, or there is no validation to show.
    """
    page = page_path(deployment)
    if is_running(deployment):
        # To open the build database now could stop the run, which writes to it.
        far = f" How far it has come: {page}" if page.exists() else ""
        raise WarehouseError(
            f"a run is going on in {deployment.data}. Ask again when it has ended.{far}"
        )
    tables = [table for source in active_sources(deployment) for table in source.tables]
    try:
        with _last_validation(deployment) as connection:
            report = read_report(connection, tables)
            click.secho(report.verdict, bold=True)
            print_table(connection.execute(_SUMMARY))
    except duckdb.Error as error:
        raise WarehouseError(
            f"the results of the last run cannot be read "
            f"({str(error).splitlines()[0]}). `crm run` validates anew."
        ) from error
    _print_problems(report)
    click.echo(f"\nThe page, for a browser: {write_page(deployment, report)}")
    return report.is_good


def _last_validation(deployment: Deployment) -> duckdb.DuckDBPyConnection:
    """Open what the last run built; where build/ was deleted, what is published."""
    for path in (deployment.build_database, deployment.published_database):
        if path.exists():
            return connect(path, read_only=True)
    raise WarehouseError("nothing has been validated yet. Run `crm run` first.")


def _print_problems(report: Report) -> None:
    for table in report.tables:
        for check in table.checks:
            if check.is_met is False:
                click.secho(f"\n  ! {table.name}: ", fg="red", nl=False)
                click.echo(
                    f"{check.description}; {check.observed}. Stated in "
                    f"{check.defined_in} as {check.expectation}."
                )
        if table.state == "not checked":
            click.secho(f"\n  ! {table.name}: ", fg="red", nl=False)
            click.echo("not checked, because the run stopped before it.")


def _promise(deployment: Deployment, table: Table) -> Promise:
    with connect(deployment.build_database) as connection:
        deliveries = connection.execute(
            _DELIVERIES, [table.source, table.name]
        ).fetchall()
    return Promise(
        source=table.source,
        table=table.name,
        required=tuple(c.name for c in table.columns if c.name in table.required),
        personal=tuple(c.name for c in table.columns if c.personal),
        is_snapshot=table.delivery == "snapshot",
        deliveries=tuple(Delivery(load_id, rows) for load_id, rows in deliveries),
        max_loss_percent=deployment.params["max_snapshot_loss_percent"],
    )
