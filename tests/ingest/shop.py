"""A shop that exports one table, as small as a test of ingest needs it."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from dbt_models import Deployment
from ingest.builds import Asked, open_build
from ingest.contracts import Column, Table
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import Load, read_loads
from ingest.quarantine import quarantine_file
from ingest.raw import show_table

TYPES = {"id": "bigint", "amount": "decimal(12, 2)", "note": "varchar"}


def columns(types: dict[str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, type_, False, None) for name, type_ in types.items())


SALES = Table(
    source="shop",
    name="sales",
    description="One row per sale.",
    export="shop/sales*",
    delivery="append",
    key=("id",),
    version_by=None,
    known_at=None,
    control_amount="amount",
    max_rejects=0,
    max_deletions=0.5,
    freshness_days=None,
    optional=False,
    timezone="UTC",
    columns=columns(TYPES),
)

_HEADER = "id,amount,note\n"
GOOD = [f"{n},{n}.50,note {n}" for n in range(1, 200)]
# Rows that keep the contract, and a contract that lets some break it.
LENIENT = {"max_rejects": 0.05}
REQUIRED = replace(
    SALES,
    columns=(replace(SALES.columns[0], required=True), *SALES.columns[1:]),
    **LENIENT,
)


class Shop:
    """A deployment with nothing but the shop's exports."""

    def __init__(self, data: Path, timezone: str = "UTC"):
        params = {"timezone": timezone, "accepted_snapshots": []}
        self.deployment = Deployment(data, params, {})
        self.folder = self.deployment.exports / "shop"
        self.folder.mkdir(parents=True, exist_ok=True)

    def export(self, name: str, content: str | bytes) -> Path:
        """Write an export file; text for a gz name is compressed."""
        if isinstance(content, str):
            content = content.encode()
            if name.endswith(".gz"):
                content = gzip.compress(content)
        path = self.folder / name
        path.write_bytes(content)
        return path

    def export_parquet(self, name: str, query: str) -> Path:
        path = self.folder / name
        duckdb.sql(query).write_parquet(str(path))
        return path

    def land(self, table: Table = SALES, **changes: Any) -> list[Load]:
        """Land what is new, with a catalog of its own, as each run does."""
        table = replace(table, **changes)
        return land(table, self.deployment, ExportCatalog(self.deployment))

    def loads(self) -> list[Load]:
        return read_loads(self.deployment.raw)

    def show(self, table: Table = SALES, **changes: Any) -> None:
        """Make a new build that sees the table."""
        open_build(self.deployment, Asked(), "fingerprint", "rules", {"shop.sales"})
        show_table(self.deployment, replace(table, **changes))

    def rows(self, select: str, table: Table = SALES, **changes: Any) -> list[tuple]:
        """Return these columns of the raw view, by file and row."""
        self.show(table, **changes)
        return self.query(
            f"select {select} from raw_shop.sales order by _file_id, _row_number"
        )

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.deployment.build_database) as connection:
            return connection.execute(sql).fetchall()


def text(rows: list[bytes | str]) -> bytes:
    lines = (row if isinstance(row, bytes) else row.encode() for row in rows)
    return _HEADER.encode() + b"".join(line + b"\n" for line in lines)


def rejects(shop: Shop, load_id: int | None = None) -> list[dict]:
    path = quarantine_file(shop.deployment, "shop.sales", load_id)
    return pq.read_table(path).drop_columns("key").to_pylist()
