"""Features and labels of a million customers at 24 month ends: seconds and memory."""

import json
import os
import sys
from pathlib import Path

from dagster_project.dbt import results_path, variables
from dbt_models import PROJECT_DIR, load_deployment
from ingest.sql import connect
from tests.bench import processes, synthetic

CUSTOMERS = 1_000_000
LINES = 10_000_000


def measure(data: Path) -> None:
    """Make up a warehouse below ``data`` and build its features as a run would."""
    data = data.with_name("features")
    data.mkdir(parents=True)
    # A zone in which days do not begin when UTC's do.
    (data / "settings.yml").write_text("timezone: Europe/Berlin\n")
    deployment = load_deployment(data)
    synthetic.write_warehouse(deployment.build_database, CUSTOMERS, LINES)
    results = results_path(deployment)
    _, peak, _ = processes.run(
        [
            # With the words that the models which follow need.
            *(
                Path(sys.executable).with_name("dbt"),
                "build",
                "--select",
                "features market_segment_traits",
            ),
            *("--exclude-resource-type", "test", "unit_test"),
            *("--project-dir", PROJECT_DIR, "--profiles-dir", PROJECT_DIR),
            *("--target-path", results, "--log-path", results),
            *("--vars", variables(deployment)),
        ],
        {**os.environ, "CRM_DATA": str(data)},
    )
    print(f"\nFeatures of {CUSTOMERS:,} customers from {LINES:,} transaction lines")
    built = json.loads((results / "run_results.json").read_text())["results"]
    with connect(deployment.build_database, read_only=True) as connection:
        for result in built:
            kind, _, name = result["unique_id"].split(".")
            if kind != "model":
                continue
            (rows,) = connection.table(f"features.{name}").count("*").fetchone()
            print(f"  {name:20} {result['execution_time']:6.1f} s  {rows:12,} rows")
    print(f"  peak memory of the process tree: {peak / 1e9:.2f} GB")
