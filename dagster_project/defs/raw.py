"""Raw tables: one asset per table of every active source, checked before use."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.fingerprint import input_fingerprint
from dagster_project.resources import RunLock, RunOptions
from dbt_models import Deployment, load_deployment
from dbt_models.ops import fill_ops_table
from expectations.validation import failures, has_suite, validate
from ingest.contracts import Source, Table, active_sources
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import now, read_loads
from ingest.raw import open_build, show_table
from ingest.sql import connect

_PARAMETERS = dg.AssetKey(["ops", "run_parameters"])


@dg.definitions
def raw() -> dg.Definitions:
    """Return the build's beginning, the raw tables and their checks."""
    deployment = load_deployment()
    sources = active_sources(deployment)
    tables = [(source, table) for source in sources for table in source.tables]
    return dg.Definitions(
        assets=[
            _run_parameters(deployment),
            *(_raw_table(deployment, source, table) for source, table in tables),
        ],
        asset_checks=[
            _expectations_check(deployment, table)
            for _, table in tables
            if has_suite("raw", f"{table.source}__{table.name}")
        ],
    )


def _run_parameters(deployment: Deployment) -> dg.AssetsDefinition:
    @dg.asset(
        key=_PARAMETERS,
        group_name="ops",
        description="A new build database, and what the run was asked for.",
    )
    def run_parameters(options: RunOptions, lock: RunLock) -> None:
        fingerprint = input_fingerprint(deployment, options.asked)
        open_build(deployment, options.asked, fingerprint)

    return run_parameters


def _raw_table(
    deployment: Deployment, source: Source, table: Table
) -> dg.AssetsDefinition:
    @dg.asset(
        key=[source.name, table.name],
        deps=[_PARAMETERS],
        group_name="raw",
        description=f"{table.description} From exports/{table.export}.",
        kinds={"duckdb", "parquet"},
    )
    def raw_table(options: RunOptions, lock: RunLock) -> dg.MaterializeResult:
        landed = []
        # A run that looks back in time takes nothing in.
        if options.asked.known_at is None:
            catalog = ExportCatalog(deployment)
            landed = land(table, deployment, catalog)
            catalog.remember()
        loads = show_table(deployment, table)
        return dg.MaterializeResult(
            metadata={
                "new_files": sum(len(load.files) for load in landed),
                "new_rows": sum(load.rows_loaded for load in landed),
                "dagster/row_count": sum(load.rows_loaded for load in loads),
            }
        )

    return raw_table


def _expectations_check(
    deployment: Deployment, table: Table
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey([table.source, table.name]),
        name="great_expectations",
        blocking=True,
        description="The suite in expectations/raw/; what depends on it waits.",
    )
    def great_expectations(lock: RunLock) -> Iterator[dg.AssetCheckResult]:
        name = f"{table.source}__{table.name}"
        results = validate(deployment, "raw", name, table.raw_schema, table.name)
        with connect(deployment.build_database) as connection:
            rows = ({**vars(result), "checked_at": now()} for result in results)
            fill_ops_table(connection, "quality_results", rows)
        broken = failures(results)
        advice = _way_out(deployment, table, f"expectations/raw/{name}.py")
        yield dg.AssetCheckResult(
            passed=not broken,
            description=f"{'; '.join(broken)}. {advice}"
            if broken
            else f"{len(results)} expectations met",
            metadata={"expectations": len(results), "not_met": len(broken)},
        )

    return great_expectations


def _way_out(deployment: Deployment, table: Table, suite: str) -> str:
    newest = read_loads(deployment.raw, table.full_name)[-1]
    return (
        f"If the delivery is wrong, take its files out of exports/ and delete its load "
        f"{newest.folder(deployment.raw)} , the newest of this table; if the "
        f"expectation is, edit {suite} ; then run again"
    )
