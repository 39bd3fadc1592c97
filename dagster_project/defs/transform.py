"""dbt's models, seeds and tests as assets and checks, grouped by layer."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from packaging.version import Version

from dagster_project.dbt import (
    EXECUTABLE,
    inactive_models,
    prepare_manifest,
    results_path,
    target_path,
    variables,
)
from dagster_project.measures import dbt_events
from dagster_project.resources import RunLock
from dbt_models import PROJECT_DIR, load_deployment

# All that is made of learned tables: a second step, after they are there.
_LEARNED = "source:learned+"


class _QuickDbt(DbtCliResource):
    """dagster-dbt's resource without what costs seconds a run and is not used here.

    It asks the executable for its version in a process of its own, and opens the
    database to have column metadata at hand.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:
        return None


class _LayerTranslator(DagsterDbtTranslator):
    """Groups assets by their schema, which is their layer."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props["schema"]


@dg.definitions
def transform() -> dg.Definitions:
    """Return everything that dbt builds from the raw tables."""
    deployment = load_deployment()
    target = target_path(deployment)
    return dg.Definitions(
        assets=[
            _dbt_step(
                "dbt_models", exclude=f"{_LEARNED} {inactive_models(deployment)}"
            ),
            _dbt_step("dbt_models_from_learned", select=_LEARNED),
        ],
        resources={
            "dbt": _QuickDbt(
                project_dir=DbtProject(project_dir=PROJECT_DIR, target_path=target),
                profiles_dir=str(PROJECT_DIR),
                dbt_executable=str(EXECUTABLE),
            )
        },
    )


def _dbt_step(name: str, **selection: str) -> dg.AssetsDefinition:
    """Return the models that dbt builds in one go, with their tests.

    Told apart here rather than by Dagster, which would split at every learned table
    and run tests before all that they compare is there.
    """
    deployment = load_deployment()

    @dbt_assets(
        manifest=prepare_manifest(deployment),
        name=name,
        dagster_dbt_translator=_LayerTranslator(),
        **selection,
    )
    def step(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, lock: RunLock
    ) -> Iterator[Any]:
        # So that nobody takes the results of an earlier build for this one's.
        results = results_path(deployment)
        (results / "run_results.json").unlink(missing_ok=True)
        cache = target_path(deployment) / "partial_parse.msgpack"
        build = dbt.cli(
            [
                "build",
                # They test the models' logic, not the data: the test suite's work.
                *("--exclude-resource-type", "unit_test"),
                *("--vars", variables(deployment)),
                *("--partial-parse-file-path", str(cache)),
            ],
            context=context,
            target_path=results,
        )
        yield from dbt_events(build, context)

    return step
