"""The published database: copied and swapped in when everything before succeeded."""

import dagster as dg

from dagster_project.publishing import PUBLISHED_SCHEMAS, publish
from dagster_project.resources import RunOptions
from dbt_models import load_deployment
from ingest.contracts import active_sources


@dg.definitions
def publication() -> dg.Definitions:
    """Return the asset that readers open."""
    deployment = load_deployment()
    # Also the raw tables of which nothing is made: a run that fails publishes nothing.
    raw = [
        dg.AssetKey([source.name, table.name])
        for source in active_sources(deployment)
        for table in source.tables
    ]

    @dg.asset(
        key=["published", "warehouse"],
        deps=[dg.AssetKey(["ops", "reconciliation"]), *raw],
        group_name="published",
        description="The read-only database that analysts, lists and reports use.",
    )
    def warehouse(options: RunOptions) -> dg.MaterializeResult:
        path = publish(deployment, options.asked.known_at)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(path),
                "megabytes": round(path.stat().st_size / 1e6, 1),
                "schemas": ", ".join(PUBLISHED_SCHEMAS),
            }
        )

    return dg.Definitions(assets=[warehouse])
