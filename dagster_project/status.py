"""`crm status`: what is published, how fresh, the last runs, problems."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
import duckdb

from dagster_project.lock import is_running
from dagster_project.prompt import open_published
from dagster_project.runs import is_current
from dagster_project.tables import print_table
from dbt_models import Deployment, WarehouseError
from ingest.contract_files import active_sources
from ingest.exports import unmatched_files
from ingest.ledger import open_rejects, read_loads
from ingest.raw import Asked

_RUNS_SHOWN = 5
_STRAYS_SHOWN = 5
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
_LAST_DATES = """
    select source_system, max(transaction_date)
    from core.fct_transactions group by all
"""
_MODELS = """
    select model_name as model, model_version as version, grade, verdict
    from marts.model_grades order by model_name
"""
_BEATEN = """
    select 'model ' || model_name || ': ' || verdict
    from marts.model_grades where not beats_baseline order by model_name
"""
_INCOMPLETE = """
    select
        'marts.' || table_name || ' is ' || status || coalesce(': ' || lacks, '') || '.'
    from ops.mart_status where status <> 'complete' order by table_name
"""
_DOUBTS = """
    select
        table_name || ': ' || description || ': not met, ' || observed
        || '. It stopped nothing; `crm quality` has it.'
    from ops.quality_results where not is_met order by all
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
            except duckdb.CatalogException:
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
    beaten = [sentence for (sentence,) in published.execute(_BEATEN).fetchall()]
    notes = [*incomplete_marts(published), *doubts(published)]
    return [*beaten, *staleness(published, deployment)], notes


def staleness(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> list[str]:
    """Return a sentence per source whose data end longer ago than its contract says."""
    ends = dict(published.execute(_LAST_DATES).fetchall())
    today = datetime.now(ZoneInfo(deployment.params["timezone"])).date()
    return [
        f"{table.full_name}: data end on {ends[source.name]}, {age:,} days ago; its "
        f"contract promises {table.freshness_days} days."
        for source in active_sources(deployment)
        if source.name in ends
        for age in [(today - ends[source.name]).days]
        for table in source.tables
        if table.freshness_days is not None and age > table.freshness_days
    ]


def incomplete_marts(published: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence per mart that lacks something or is empty."""
    return [sentence for (sentence,) in published.execute(_INCOMPLETE).fetchall()]


def doubts(published: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence per expectation that was not met and did not stop the run."""
    return [sentence for (sentence,) in published.execute(_DOUBTS).fetchall()]


def print_notes(notes: list[str]) -> None:
    """Print what is worth knowing and need not be wrong."""
    for note in notes:
        click.secho("\nNote: ", fg="yellow", nl=False)
        click.echo(note)


def gaps(deployment: Deployment) -> Iterator[str]:
    """Yield a sentence for all that the exports promise and the raw tables lack."""
    loads = read_loads(deployment.raw)
    loaded = {load.full_name for load in loads}
    for source in active_sources(deployment):
        for table in source.tables:
            if table.full_name in loaded:
                continue
            if any(deployment.exports.glob(table.export)):
                yield f"{table.full_name} is not landed yet: `crm run` does it."
            elif not table.optional:
                yield (
                    f"{table.full_name} is empty: no file has matched "
                    f"exports/{table.export} yet."
                )
    for load, file in open_rejects(loads):
        yield (
            f"{load.full_name}: {file.rows_rejected:,} of {file.rows_read:,} rows in "
            f"exports/{file.path} break the contract and are not in: `crm rejects`."
        )
    for load in loads:
        if load.unknown_columns:
            yield (
                f"{load.full_name}, load {load.load_id}: its contract does not have "
                f"the columns {', '.join(load.unknown_columns)}."
            )
    strays = unmatched_files(deployment)
    for name in strays[:_STRAYS_SHOWN]:
        yield f"exports/{name} matches no table of any contract and is ignored."
    if len(strays) > _STRAYS_SHOWN:
        yield f"so are {len(strays) - _STRAYS_SHOWN:,} more files below exports/."


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
