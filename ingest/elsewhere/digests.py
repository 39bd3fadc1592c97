"""Digests of the rows of a file that do not depend on their order."""

import hashlib
from pathlib import Path

import duckdb

from ingest.sql import files, identifier


def digest(
    duck: duckdb.DuckDBPyConnection, path: Path, condition: str = "true"
) -> tuple[int, str]:
    """Return number and hash of the rows of a Parquet file, whatever their order."""
    rows = f"from read_parquet({files([path])}, hive_partitioning = false)"
    columns = [row[:2] for row in duck.execute(f"describe {rows}").fetchall()]
    names = ", ".join(identifier(name) for name, _ in columns)
    # Hashed twice: DuckDB joins the hashes of columns by xor, and values that change
    # places between rows would go unseen in a sum of them.
    found = duck.execute(
        f"""select count(*), sum(row_hash::hugeint), bit_xor(row_hash)
        from (select hash(hash({names})) as row_hash {rows} where {condition})"""
    ).fetchone()
    content = hashlib.sha256(repr((columns, found)).encode()).hexdigest()
    return found[0], content
