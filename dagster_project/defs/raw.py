"""Raw tables: one asset per table of every active source, checked before use."""

import time
from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project.fingerprint import input_fingerprint
from dagster_project.measures import ROWS, seconds_since
from dagster_project.quality import check_table, verdict
from dagster_project.resources import RunLock, RunOptions
from dbt_models import Deployment, load_deployment
from ingest.contract_files import active_sources
from ingest.contracts import Source, Table
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import files_shown
from ingest.raw import open_build, show_table

_PARAMETERS = dg.AssetKey(["ops", "run_parameters"])


@dg.definitions
def raw() -> dg.Definitions:
    """Return the build's beginning, the raw tables and their checks."""
    deployment = load_deployment()
    sources = active_sources(deployment)
    tables = [(source, table) for source in sources for table in source.tables]
    checked = [table for _, table in tables]
    return dg.Definitions(
        assets=[
            _run_parameters(deployment),
            *(_raw_table(deployment, source, table) for source, table in tables),
        ],
        asset_checks=[_expectations_check(deployment, t, checked) for t in checked],
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
        began = time.monotonic()
        landed = []
        # A run that looks back in time takes nothing in.
        if options.asked.known_at is None:
            catalog = ExportCatalog(deployment)
            landed = land(table, deployment, catalog)
            catalog.remember()
        shown = files_shown(show_table(deployment, table))
        # None of a file that was landed before the contract named an amount.
        amounts = [file.control_amount for file in shown]
        is_known = bool(amounts) and None not in amounts
        return dg.MaterializeResult(
            metadata={
                "new_files": sum(len(load.files) for load in landed),
                "new_rows": sum(load.rows_loaded for load in landed),
                ROWS: sum(file.rows_loaded for file in shown),
                **({"control_amount": float(sum(amounts))} if is_known else {}),
                **seconds_since(began),
            }
        )

    return raw_table


def _expectations_check(
    deployment: Deployment, table: Table, all_tables: Sequence[Table]
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey([table.source, table.name]),
        name="great_expectations",
        blocking=True,
        description="The contract and expectations/raw/; what depends on it waits.",
    )
    def great_expectations(lock: RunLock) -> Iterator[dg.AssetCheckResult]:
        results = check_table(deployment, table, all_tables)
        not_met = sum(result.is_met is False for result in results)
        yield dg.AssetCheckResult(
            passed=not not_met,
            description=verdict(deployment, table, results),
            metadata={"expectations": len(results), "not_met": not_met},
        )

    return great_expectations
