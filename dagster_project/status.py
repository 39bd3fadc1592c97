"""`crm status`: what is published, how fresh, the last runs, problems."""

import os
from datetime import UTC, datetime

import click
import duckdb

from dagster_project.lock import is_running
from dagster_project.notes import (
    beaten_models,
    gaps,
    print_notes,
    refused_deliveries,
    staleness,
    worth_knowing,
)
from dagster_project.prompt import open_published
from dagster_project.runs import is_current
from dagster_project.tables import print_table
from dbt_models import Deployment, WarehouseError
from ingest.builds import Asked

_RUNS_SHOWN = 5
_PUBLISHED = """
    select published_at, as_of_date, len(load_ids) as loads, code_version
    from ops.build_info
"""
_TABLES = """
    select
        source_system || '.' || table_name as "table",
        date_trunc('second', max(loaded_at)) as last_loaded_utc,
        count(distinct load_id) as loads,
        sum(load_files.rows_loaded) as "rows"
    from ops.loads
    inner join ops.load_files using (load_id)
    where not load_files.is_repeated
    group by all order by all
"""
_MODELS = """
    select model_name as model, model_version as version, grade, verdict
    from marts.model_grades order by model_name
"""


def print_status(deployment: Deployment) -> None:
    """Print it all; problems come last, where the eye rests."""
    problems, notes = [], []
    click.secho("Published", bold=True)
    try:
        published = open_published(deployment)
    except WarehouseError as error:
        click.echo("  nothing that can be read")
        problems.append(str(error))
    else:
        with published:
            click.echo(f"  {deployment.published_database}")
            try:
                problems, notes = _print_published(published, deployment)
            except (duckdb.CatalogException, duckdb.BinderException):
                problems.append(
                    "what is published was made by an older version of crm-warehouse "
                    "and lacks some of this."
                )
        if not is_current(deployment, Asked()):
            problems.append(
                "exports, models or parameters have changed since it was published, or "
                "it was published with other dates: `crm run` brings it up to date."
            )
    problems += gaps(deployment)
    click.secho("\nLast runs", bold=True)
    problems += _print_runs(deployment)
    print_notes(notes)
    click.secho("\nProblems", bold=True)
    for problem in problems:
        click.secho("  ! ", fg="red", nl=False)
        click.echo(problem)
    if not problems:
        click.echo("  none")


def _print_published(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> tuple[list[str], list[str]]:
    """Print what readers have, and return its problems and notes."""
    print_table(published.execute(_PUBLISHED))
    click.secho("\nTables loaded", bold=True)
    print_table(published.execute(_TABLES))
    click.secho("\nModels", bold=True)
    print_table(published.execute(_MODELS))
    problems = [
        *refused_deliveries(published),
        *beaten_models(published),
        *staleness(published, deployment),
    ]
    return problems, worth_knowing(published, deployment)


def _print_runs(deployment: Deployment) -> list[str]:
    if not deployment.dagster_home.exists():
        click.echo("  none")
        return []
    # Dagster cannot even read its history where it may not write.
    if not os.access(deployment.dagster_home, os.W_OK):
        click.echo(f"  not shown: this user may not write to {deployment.dagster_home}")
        return []
    os.environ["DAGSTER_HOME"] = str(deployment.dagster_home)
    import dagster as dg

    running = is_running(deployment)
    states = []
    with dg.DagsterInstance.get() as instance:
        for record in instance.get_run_records(limit=_RUNS_SHOWN):
            state = record.dagster_run.status.value.lower()
            # A killed run cannot say that it ended, but its lock is gone.
            if state == "started" and (states or not running):
                state = "interrupted"
            states.append(state)
            began = datetime.fromtimestamp(record.start_time or 0, UTC)
            lasted = (
                f"{record.end_time - record.start_time:6.1f} s"
                if (record.start_time and record.end_time)
                else ""
            )
            click.echo(f"  {began:%Y-%m-%d %H:%M:%S} UTC  {state:12} {lasted}")
    if states and states[0] in {"failure", "interrupted"}:
        log = deployment.build / "run.log"
        return [
            f"the last run did not succeed ({states[0]}): `crm ui` shows why, and so "
            f"does the log of a `crm run`: {log}"
        ]
    return []
