"""Training and scoring on the features of a million customers: seconds and memory."""

import os
import sys
import time
from pathlib import Path

import pandas as pd

from dagster_project.dbt import prepare_manifest
from dagster_project.learning import MODELS, read_frames, score, train_model
from dbt_models import Deployment, load_deployment
from ingest.builds import Asked
from ml import churn
from ml.model_store import cards, load
from tests.bench import processes
from tests.bench.features import CUSTOMERS


def measure(data: Path) -> None:
    """Learn from what ``features`` has built below the same folder."""
    data = data.with_name("features")
    seconds, peak, output = processes.run(
        [sys.executable, "-m", "tests.bench.learning"],
        {**os.environ, "CRM_DATA": str(data)},
    )
    print("\nTraining and scoring on these features")
    print(output, end="")
    print(f"  {'whole process':20} {seconds:6.1f} s")
    print(f"  peak memory of the process tree: {peak / 1e9:.2f} GB")


def _learn() -> None:
    deployment = load_deployment()
    prepare_manifest(deployment)
    for name in MODELS:
        began = time.perf_counter()
        train_model(deployment, name, Asked())
        trained = time.perf_counter()
        rows = score(deployment, name)
        scored = time.perf_counter() - trained
        print(f"  {name + ' trained':20} {trained - began:6.1f} s")
        print(f"  {name + ' scored':20} {scored:6.1f} s  {rows:12,} rows")
    print(
        f"  {'churn, all active':20} {_score_all(deployment):6.1f} s"
        f"  {CUSTOMERS:12,} rows"
    )


def _score_all(deployment: Deployment) -> float:
    """Return the seconds it takes to score as many as if every customer were active."""
    began = time.perf_counter()
    active = read_frames(deployment, churn.scoring.READS)["features"]
    times = -(-CUSTOMERS // len(active))
    everybody = pd.concat([active] * times, ignore_index=True).head(CUSTOMERS)
    (card,) = cards(deployment.models, "churn")
    churn.scoring.compute({"features": everybody}, load(deployment.models, card))
    return time.perf_counter() - began


if __name__ == "__main__":
    _learn()
