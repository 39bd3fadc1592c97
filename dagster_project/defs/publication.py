"""The published database: copied and swapped in when everything before succeeded."""

import dagster as dg

from dagster_project.publishing import PUBLISHED_SCHEMAS, publish
from dagster_project.resources import RunOptions
from dbt_models import load_deployment


@dg.asset(
    key=["published", "warehouse"],
    deps=[dg.AssetDep(dg.AssetKey(["ops", "reconciliation"]))],
    group_name="published",
    description="The read-only database that analysts, lists and reports use.",
)
def warehouse(options: RunOptions) -> dg.MaterializeResult:
    """Publish what was built."""
    path = publish(load_deployment(), options.asked.known_at)
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(path),
            "megabytes": round(path.stat().st_size / 1e6, 1),
            "schemas": ", ".join(PUBLISHED_SCHEMAS),
        }
    )
