"""Training and scoring on the features of a million customers: seconds and memory."""

import os
import re
import sys
import time
from pathlib import Path

from dagster_project.dbt import prepare_manifest
from dagster_project.learning import MODELS, score, train_model
from dbt_models import load_deployment
from ingest.raw import Asked
from tests.bench import processes


def measure(data: Path) -> None:
    """Learn from what ``features`` has built below the same folder."""
    data = data.with_name("features")
    seconds, peak, output = processes.run(
        [sys.executable, "-m", "tests.bench.learning"],
        {**os.environ, "CRM_DATA": str(data)},
    )
    print("\nTraining and scoring on these features")
    print(output, end="")
    spent = sum(map(float, re.findall(r"([\d.]+) s", output)))
    print(f"  {'both models':20} {spent:6.1f} s  (process: {seconds:.1f} s)")
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


if __name__ == "__main__":
    _learn()
