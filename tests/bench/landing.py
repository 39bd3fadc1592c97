"""Landing the transactions against bare DuckDB copying the same files to Parquet."""

import shutil
import statistics
import time
from pathlib import Path

import duckdb

from dbt_models import load_deployment
from ingest.contracts.sources import read_sources
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.sql import files, literal

ROUNDS = 7


def measure(data: Path) -> None:
    """Time both in turn, with the same types, and print the ratio pair by pair."""
    deployment = load_deployment(data)
    (source,) = [s for s in read_sources() if s.name == "complete_journey"]
    (table,) = [t for t in source.tables if t.name == "transactions"]
    exports = sorted(deployment.exports.glob(table.export))
    columns = ", ".join(f"{literal(n)}: {literal(t)}" for n, t in table.types.items())
    bare = (
        f"copy (from read_csv({files(exports)}, columns = {{{columns}}}, "
        "auto_detect = false, header = true, delim = ',')) "
        f"to {literal(data / 'bare.parquet')} (format parquet, compression zstd)"
    )
    ratios = []
    for _ in range(ROUNDS):
        shutil.rmtree(deployment.raw)
        began = time.perf_counter()
        land(table, deployment, ExportCatalog(deployment))
        landed = time.perf_counter()
        with duckdb.connect() as connection:
            connection.execute(bare)
        ratios.append((landed - began) / (time.perf_counter() - landed))
    print("\nLanding the demo's transactions against bare DuckDB, same files and types")
    print(
        f"  {statistics.median(ratios):.2f} x bare "
        f"(median of {ROUNDS}; {min(ratios):.2f} to {max(ratios):.2f})"
    )
