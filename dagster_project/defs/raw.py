"""Raw tables: one asset per table of every active source, checked before use."""

from functools import partial

import dagster as dg

from dagster_project.checks import expectations_check
from dagster_project.fingerprint import input_fingerprint
from dagster_project.resources import RunLock, RunOptions
from dagster_project.suites import raw_suite
from dbt_models import Deployment, load_deployment
from ingest.contract_files import active_sources
from ingest.contracts import Source, Table
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import rows_shown
from ingest.raw import open_build, show_table

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
            expectations_check(
                [source.name, table.name],
                "The contract and expectations/raw/",
                partial(raw_suite, table=table),
            )
            for source, table in tables
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
                "dagster/row_count": rows_shown(loads),
            }
        )

    return raw_table
