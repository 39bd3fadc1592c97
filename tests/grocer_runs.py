"""What tests of runs ask a small grocer's deployment, and what they give it."""

import hashlib
from pathlib import Path

import duckdb

from tests.fixtures import write_transactions

TOTAL = "select sum(net_amount), count(*) from core.fct_transactions"


def query(data: Path, sql: str) -> tuple | None:
    """Return the first row of a query on the publication."""
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(sql).fetchone()


def digest(data: Path) -> str:
    """Return the digest of the published file."""
    published = (data / "published" / "warehouse.duckdb").read_bytes()
    return hashlib.sha256(published).hexdigest()


def export(data: Path, name: str, lines: list) -> Path:
    """Write a file of transactions where the grocer's systems drop them."""
    return write_transactions(data / "exports" / "complete_journey" / name, lines)
