"""Models and learned tables: an asset per training, one per table of scores."""

import time
from collections.abc import Iterator
from functools import partial

import dagster as dg

from dagster_project.checks import expectations_check
from dagster_project.learning import MODELS, score, train_model
from dagster_project.measures import ROWS, seconds_since
from dagster_project.resources import RunLock, RunOptions
from dagster_project.suites import learned_suite
from dbt_models import load_deployment
from ml.frames import Read


@dg.definitions
def learned() -> dg.Definitions:
    """Return the trainings and scorings of all models, and the checks of scores."""
    return dg.Definitions(
        assets=[
            asset for name in MODELS for asset in (_training(name), _scoring(name))
        ],
        asset_checks=[
            expectations_check(
                ["learned", module.scoring.TABLE],
                "expectations/learned/",
                partial(learned_suite, model=name, table=module.scoring.TABLE),
            )
            for name, module in MODELS.items()
        ],
    )


def _training(name: str) -> dg.AssetsDefinition:
    module = MODELS[name].training
    model = dg.AssetKey(["models", name])
    tables = [dg.AssetKey(["learned", t]) for t in (f"{name}_model", *module.WRITES)]
    reads = _keys(module.READS)
    kinds = {"scikitlearn"}

    @dg.multi_asset(
        name=f"models__{name}",
        specs=[
            dg.AssetSpec(
                key, deps=reads, group_name="learned", kinds=kinds, description=text
            )
            for key, text in [
                (model, f"{module.__doc__.partition(':')[0]}, below models/{name}/."),
                *((table, None) for table in tables),
            ]
        ],
    )
    def training(options: RunOptions, lock: RunLock) -> Iterator[dg.MaterializeResult]:
        began = time.monotonic()
        card, rows = train_model(load_deployment(), name, options.asked)
        facts = {"version": card.version, **card.facts} if card else {"version": None}
        yield dg.MaterializeResult(
            asset_key=model, metadata={**facts, **seconds_since(began)}
        )
        for table in tables:
            yield dg.MaterializeResult(
                asset_key=table, metadata={ROWS: rows[table.path[-1]]}
            )

    return training


def _scoring(name: str) -> dg.AssetsDefinition:
    module = MODELS[name].scoring

    @dg.asset(
        key=["learned", module.TABLE],
        deps=[["models", name], ["learned", f"{name}_model"], *_keys(module.READS)],
        group_name="learned",
        kinds={"scikitlearn"},
        description=module.__doc__,
    )
    def scores(lock: RunLock) -> dg.MaterializeResult:
        began = time.monotonic()
        rows = score(load_deployment(), name)
        return dg.MaterializeResult(metadata={ROWS: rows, **seconds_since(began)})

    return scores


def _keys(reads: dict[str, Read]) -> list[dg.AssetKey]:
    return [dg.AssetKey(read.table.split(".")) for read in reads.values()]
