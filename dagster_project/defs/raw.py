"""Raw tables: one asset per table of every active source, checked before use."""

import time
from functools import partial

import dagster as dg

from dagster_project.checks import expectations_check
from dagster_project.fingerprint import input_fingerprint, rules_fingerprint
from dagster_project.measures import ROWS, seconds_since
from dagster_project.resources import RunLock, RunOptions
from dagster_project.suites import raw_suite
from dbt_models import Deployment, load_deployment
from ingest.builds import open_build
from ingest.contracts import Source, Table
from ingest.contracts.sources import active_sources, active_tables
from ingest.elsewhere.fetching import fetch_all
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import files_shown, read_loads
from ingest.raw import show_table
from ingest.rejects import RefusedDeliveryError

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
        description="The build database, and what the run was asked for.",
    )
    def run_parameters(options: RunOptions, lock: RunLock) -> None:
        if options.fetches and options.asked.known_at is None:
            fetch_all(deployment)
        fingerprint = input_fingerprint(deployment, options.asked)
        rules = rules_fingerprint(deployment)
        tables = active_tables(deployment)
        open_build(deployment, options.asked, fingerprint, rules, tables)

    return run_parameters


def _raw_table(
    deployment: Deployment, source: Source, table: Table
) -> dg.AssetsDefinition:
    key = dg.AssetKey([source.name, table.name])

    @dg.asset(
        key=key,
        deps=[_PARAMETERS],
        group_name="raw",
        description=f"{table.description} From {table.origin}.",
        kinds={"duckdb", "parquet"},
        check_specs=[
            dg.AssetCheckSpec(
                "delivery",
                asset=key,
                description="Whether what was delivered could be taken in.",
            )
        ],
    )
    def raw_table(options: RunOptions, lock: RunLock) -> dg.MaterializeResult:
        began = time.monotonic()
        landed, refusal = [], None
        # A run that looks back in time takes nothing in.
        if options.asked.known_at is None:
            catalog = ExportCatalog(deployment)
            try:
                landed = land(table, deployment, catalog)
            except RefusedDeliveryError as error:
                # The others go on, and so does this one with what it has.
                if not read_loads(deployment.raw, table.full_name):
                    raise
                refusal = str(error)
            catalog.remember()
        shown = files_shown(show_table(deployment, table, refusal))
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
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="delivery",
                    passed=refusal is None,
                    severity=dg.AssetCheckSeverity.WARN,
                    description=refusal,
                )
            ],
        )

    return raw_table
