"""dbt's models, seeds and tests as assets and checks, grouped by layer."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context
from packaging.version import Version

from dagster_project.dbt import (
    inactive_models,
    prepare_manifest,
    read_manifest,
    results_path,
    start,
    target_path,
)
from dagster_project.measures import dbt_events
from dagster_project.resources import RunLock
from dbt_models import PROJECT_DIR, load_deployment

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
        # So that nobody takes the results of an earlier build for this one's.
        results = results_path(deployment)
        (results / "run_results.json").unlink(missing_ok=True)
        cache = target_path(deployment) / "partial_parse.msgpack"
        # Whoever starts a run on Dagster's page may have chosen some of the tables.
        chosen, tests = get_subset_selection_for_context(
            context, manifest, select, exclude, None, translator, None
        )
        process = start(
            deployment,
            "build",
            # They test the models' logic, not the data: the test suite's work.
            *("--exclude-resource-type", "unit_test"),
            *("--partial-parse-file-path", str(cache)),
            *("--log-format", "json"),
            *("--indirect-selection", tests or "eager"),
            *chosen,
            target=results,
        )
        build = DbtCliInvocation(
            process=process,
            manifest=manifest,
            dagster_dbt_translator=translator,
            project_dir=PROJECT_DIR,
            target_path=results,
            raise_on_error=True,
            cli_version=Version(version("dbt-core")),
            context=context,
        )
        yield from dbt_events(build, context)

    return step
