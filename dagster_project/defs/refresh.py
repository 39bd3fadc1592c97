"""The job that does everything, and its daily schedule."""

import dagster as dg

from dagster_project.progress import progress_logger
from dagster_project.resources import RunLock, RunOptions
from dagster_project.runs import is_current
from dbt_models import load_deployment
from ingest.builds import Asked
from ingest.contracts.sources import active_sources


@dg.definitions
def refresh() -> dg.Definitions:
    """Return the job, its schedule and what its assets need."""
    job = dg.define_asset_job(
        "refresh",
        selection=dg.AssetSelection.all(),
        description="From exports to the published warehouse.",
    )

    @dg.schedule(
        job=job,
        # After midnight of the business zone, when the day before is complete.
        cron_schedule="0 3 * * *",
        execution_timezone=load_deployment().params["timezone"],
    )
    def refresh_schedule() -> dg.RunRequest | dg.SkipReason:
        deployment = load_deployment()
        # What is new elsewhere the run itself finds out.
        is_all_here = all(
            table.connection is None
            for source in active_sources(deployment)
            for table in source.tables
        )
        if is_all_here and is_current(deployment, Asked()):
            return dg.SkipReason("Nothing new since it was published.")
        return dg.RunRequest()

    return dg.Definitions(
        jobs=[job],
        schedules=[refresh_schedule],
        # DuckDB has one writing process, and a process per step costs seconds.
        executor=dg.in_process_executor,
        resources={"options": RunOptions(), "lock": RunLock()},
        loggers={"progress": progress_logger},
    )
