"""The published database: copied and swapped in when everything before succeeded."""

import time

import dagster as dg

from dagster_project.dbt import prepare_manifest, read_manifest
from dagster_project.measures import grades, seconds_since
from dagster_project.publishing import PUBLISHED_SCHEMAS, publish
from dagster_project.resources import RunLock, RunOptions
from dbt_models import WarehouseError, load_deployment
from ingest.contracts.sources import active_sources


@dg.definitions
def publication() -> dg.Definitions:
    """Return the asset that readers open."""
    deployment = load_deployment()
    prepare_manifest(deployment)
    manifest = read_manifest(deployment)
    # What is restricted is put in its place together with what is published.
    schemas = {*PUBLISHED_SCHEMAS, "restricted"}
    models = [
        dg.AssetKey([node["schema"], node["name"]])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in schemas
    ]
    # Also the tables of which nothing is made: a run that fails publishes nothing.
    learned = [
        dg.AssetKey([node["schema"], node["name"]])
        for node in manifest["sources"].values()
        if node["schema"] == "learned"
    ]
    raw = [
        dg.AssetKey([source.name, table.name])
        for source in active_sources(deployment)
        for table in source.tables
    ]

    @dg.asset(
        key=["published", "warehouse"],
        deps=[*models, *learned, *raw],
        group_name="published",
        description="The read-only database that analysts, lists and reports use.",
    )
    def warehouse(
        context: dg.AssetExecutionContext, options: RunOptions, lock: RunLock
    ) -> dg.MaterializeResult:
        _require_whole_run(context)
        began = time.monotonic()
        # Before: what fails after the swap would be said to have published nothing.
        for observation in grades(deployment.build_database):
            context.log_event(observation)
        path = publish(deployment, options.asked.known_at)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(path),
                "megabytes": round(path.stat().st_size / 1e6, 1),
                "schemas": ", ".join(PUBLISHED_SCHEMAS),
                **seconds_since(began),
            }
        )

    return dg.Definitions(assets=[warehouse])


def _require_whole_run(context: dg.AssetExecutionContext) -> None:
    """Raise unless the run made and checked all that it is about to publish.

    Dagster publishes after what comes before in the same run; of what it was told to
    leave out, the build may hold nothing, or what a failed run left there.
    """
    run = context.run
    # A run that is taken up again after a failure leaves out the steps that were done.
    steps = {node.name for node in context.job_def.nodes}
    is_whole = steps <= set(run.step_keys_to_execute or steps)
    if is_whole and context.job_def.is_subset:
        # "Materialize all" names everything one by one.
        graph = context.repository_def.asset_graph
        checks = run.asset_check_selection
        is_whole = run.asset_selection >= graph.executable_asset_keys and (
            checks is None or checks >= graph.asset_check_keys
        )
    if not is_whole:
        raise WarehouseError(
            "only a run of everything may publish. Launch the job `refresh`, or call "
            "`crm run`."
        )
