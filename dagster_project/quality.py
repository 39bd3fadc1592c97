"""Expectations on tables: checked in a run, recorded, and shown afterwards."""

from collections.abc import Sequence

import click
import duckdb

from dagster_project.lock import is_running
from dagster_project.quality_report import Report, page_path, read_report, write_page
from dagster_project.tables import print_table
from dbt_models import Deployment, WarehouseError
from dbt_models.ops import fill_ops_table
from expectations.suite import Suite
from expectations.validation import Result, validate
from ingest.contracts import Table
from ingest.contracts.sources import active_sources
from ingest.ledger import now
from ingest.sql import connect

_SUMMARY = """
    select
        table_name as "table",
        count(*) as expectations,
        count(*) filter (is_met) as met,
        count(*) filter (not is_met) as not_met,
        count(*) filter (is_met is null) as not_checked,
        max(checked_at) as checked_at_utc
    from ops.quality_results group by all order by not_met desc, table_name
"""


def check(deployment: Deployment, suite: Suite) -> list[Result]:
    """Check a table, keep the results in the build, and renew the page of all."""
    results = validate(deployment, suite)
    checked_at = now()
    with connect(deployment.build_database) as connection:
        # Dagster can run a check again by itself.
        connection.execute(
            "delete from ops.quality_results where table_name = ?", [suite.full_name]
        )
        rows = ({**vars(result), "checked_at": checked_at} for result in results)
        fill_ops_table(connection, "quality_results", rows)
        # Now, not at the end of the run: it is looked at when the run has failed.
        write_page(deployment, read_report(connection, _raw_tables(deployment)))
    return results


def verdict(suite: Suite, results: Sequence[Result]) -> str:
    """Say in a sentence how it went, and what to do if it went wrong."""
    broken = [result for result in results if result.is_met is False]
    stops = [result for result in broken if result.is_blocking]
    if stops:
        places = " and ".join(sorted({result.defined_in for result in stops}))
        return (
            f"{'; '.join(result.sentence for result in stops)}. "
            f"{suite.advice}; if the expectation is, change {places} ; then run again"
        )
    if broken:
        seen = "; ".join(result.sentence for result in broken)
        return f"{seen}. It is worth a look, and stops nothing"
    met = sum(result.is_met is True for result in results)
    said = [f"{met} expectations met"] if met else []
    for reason in sorted({each.observed for each in results if each.is_met is None}):
        count = sum(result.observed == reason for result in results)
        said.append(f"{count} not checked, because {reason}")
    return ", ".join(said)


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
    try:
        with _last_validation(deployment) as connection:
            report = read_report(connection, _raw_tables(deployment))
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


def _raw_tables(deployment: Deployment) -> list[Table]:
    return [table for source in active_sources(deployment) for table in source.tables]


def _print_problems(report: Report) -> None:
    for table in report.tables:
        for check in table.checks:
            if check.is_met is False:
                color = "red" if check.is_blocking else "yellow"
                click.secho(f"\n  ! {table.name}: ", fg=color, nl=False)
                click.echo(
                    f"{check.description}; {check.observed}. Stated in "
                    f"{check.defined_in} as {check.expectation}."
                )
        if table.state == "not checked":
            click.secho(f"\n  ! {table.name}: ", fg="red", nl=False)
            click.echo("not checked, because the run stopped before it.")
