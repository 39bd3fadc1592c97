"""dbt's models, seeds and tests as assets and checks, grouped by layer."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context

from dagster_project.dbt import (
    DbtFailedError,
    inactive_models,
    prepare_manifest,
    read_manifest,
    results_path,
    start,
    target_path,
)
from dagster_project.measures import dbt_events
from dagster_project.resources import RunLock
from dbt_models import load_deployment
from ingest.builds import begin_change
from ingest.sql import connect

# All that is made of learned tables: a second step, after they are there.
_LEARNED = "source:learned+"


class _LayerTranslator(DagsterDbtTranslator):
    """Groups assets by their schema, which is their layer."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props["schema"]


@dg.definitions
def transform() -> dg.Definitions:
    """Return everything that dbt builds from the raw tables."""
    deployment = load_deployment()
    return dg.Definitions(
        assets=[
            _dbt_step(
                "dbt_models", exclude=f"{_LEARNED} {inactive_models(deployment)}"
            ),
            _dbt_step("dbt_models_from_learned", select=_LEARNED),
        ],
    )


def _dbt_step(
    name: str, select: str = "fqn:*", exclude: str = ""
) -> dg.AssetsDefinition:
    """Return the models that dbt builds in one go, with their tests.

    Told apart here rather than by Dagster, which would split at every learned table
    and run tests before all that they compare is there.
    """
    deployment = load_deployment()
    translator = _LayerTranslator()

    @dbt_assets(
        manifest=prepare_manifest(deployment),
        name=name,
        dagster_dbt_translator=translator,
        select=select,
        exclude=exclude,
    )
    def step(context: dg.AssetExecutionContext, lock: RunLock) -> Iterator[Any]:
        manifest = read_manifest(deployment)
        with connect(deployment.build_database) as build:
            begin_change(build)
        # So that nobody takes the results of an earlier build for this one's.
        results = results_path(deployment)
        (results / "run_results.json").unlink(missing_ok=True)
        cache = target_path(deployment) / "partial_parse.msgpack"
        # Whoever starts a run on Dagster's page may have chosen some of the tables.
        chosen, tests = get_subset_selection_for_context(
            context, manifest, select, exclude, None, translator, None
        )
        with start(
            deployment,
            "build",
            # They test the models' logic, not the data: the test suite's work.
            *("--exclude-resource-type", "unit_test"),
            *("--partial-parse-file-path", str(cache)),
            *("--log-format", "json"),
            *("--indirect-selection", tests or "eager"),
            *chosen,
            target=results,
        ) as process:
            yield from dbt_events(
                process.stdout,
                manifest=manifest,
                dagster_dbt_translator=translator,
                context=context,
                target_path=results,
            )
            if code := process.wait():
                raise DbtFailedError(f"dbt ended with {code}.")

    return step
