"""Suites for the tables of a run: what the build and the last run know of each."""

from pathlib import Path

import duckdb

from dagster_project.empty_values import landing_again, loads_with_empty
from dbt_models import Deployment
from expectations.promise import Promise
from expectations.suite import Suite
from ingest.contracts import Table
from ingest.ledger import read_loads
from ingest.sql import connect, identifier, literal
from ml.model_store import version_folder

_COMPARED = """
    select
        run_parameters.known_at is not null,
        as_of.as_of_date,
        last_info.as_of_date
    from ops.run_parameters
    cross join conformed.int_as_of_date as as_of
    cross join last_run.ops.build_info as last_info
"""


def raw_suite(deployment: Deployment, table: Table) -> Suite:
    """Return what is expected of a raw table."""
    # Seconds of imports, which nobody pays who only looks at results.
    from expectations.suites import raw_expectations

    loads = read_loads(deployment.raw, table.full_name)
    promise = Promise(
        source=table.source,
        table=table.name,
        required=tuple(c.name for c in table.columns if c.name in table.required),
        is_delivered=bool(loads),
    )
    advice = ""
    if loads:
        newest = max(loads, key=lambda load: load.order(table.timezone))
        advice = (
            "If the delivery is wrong, take its files out of exports/ and delete its "
            f"load {newest.folder(deployment.raw)} , the newest of this table"
        )
    # What was landed under the contract of now has no row that lacks what it requires.
    if any(load.columns_hash != table.columns_hash for load in loads):
        with connect(deployment.build_database, read_only=True) as build:
            empty = loads_with_empty(build, deployment, table, promise.required)
        if empty:
            advice = (
                "If the rows are wrong, which an earlier contract took in, "
                f"{landing_again(empty)}"
            )
    return Suite(
        schema=table.raw_schema,
        table=table.name,
        expectations=raw_expectations(promise),
        advice=advice,
        personal=frozenset(c.name for c in table.columns if c.personal),
    )


def learned_suite(deployment: Deployment, model: str, table: str) -> Suite:
    """Return what is expected of the table that a model scores."""
    from expectations.suites import learned_expectations

    name = f"learned.{identifier(table)}"
    with connect(deployment.build_database, read_only=True) as connection:
        (rows,) = connection.execute(f"select count(*) from {name}").fetchone()
        version, untrained_reason = connection.execute(
            f"""select model_version, untrained_reason
            from learned.{identifier(f"{model}_model")}"""
        ).fetchone()
    no_rows = None
    if not rows:
        no_rows = (
            "there is nobody to score"
            if untrained_reason is None
            else f"there is no model: {untrained_reason.rstrip('.')}"
        )
    no_comparison = _no_comparison(deployment, name)
    advice = ""
    if version is not None:
        advice = (
            "If what was learned is wrong, see in "
            f"{deployment.build_database} from which features, mend what they are made "
            "of, and delete the model "
            f"{version_folder(deployment.models, model, version)} , lest the next one "
            "go on from it"
        )
    return Suite(
        schema="learned",
        table=table,
        expectations=learned_expectations(
            table, deployment.params, no_rows, no_comparison
        ),
        advice=advice,
        last_run=None if no_comparison else deployment.published_database,
    )


def _no_comparison(deployment: Deployment, name: str) -> str | None:
    """Return why a table cannot be set against that of the last run; None if it can."""
    last_run: Path = deployment.published_database
    if not last_run.exists():
        return "nothing is published yet to compare with"
    with connect(deployment.build_database, read_only=True) as connection:
        try:
            connection.execute(f"attach {literal(last_run)} as last_run (read_only)")
            looks_back, as_of_date, last_date = connection.execute(_COMPARED).fetchone()
            columns = _columns(connection, name)
            last_columns = _columns(connection, f"last_run.{name}")
            (last_rows,) = connection.execute(
                f"select count(*) from last_run.{name}"
            ).fetchone()
        except duckdb.Error as error:
            return (
                "what is published is of another version or cannot be read "
                f"({str(error).splitlines()[0]})"
            )
    if looks_back:
        return "a run that shows what was known earlier is compared with none"
    if as_of_date < last_date:
        return f"what is published looks farther, up to {last_date}"
    if not columns <= last_columns:
        return "what is published is of another version, with other columns"
    if not last_rows:
        return "the last run had nothing to score"
    return None


def _columns(connection: duckdb.DuckDBPyConnection, name: str) -> set[str]:
    return {column for column, *_ in connection.execute(f"describe {name}").fetchall()}
