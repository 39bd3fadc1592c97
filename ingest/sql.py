"""Connections to DuckDB, and quoting in SQL text."""

import glob
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import duckdb


def connect(
    database: Path | str = ":memory:", read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a database; its progress bar would run through what a command prints."""
    connection = duckdb.connect(database, read_only=read_only)
    connection.execute("set enable_progress_bar = false")
    return connection


def create_database(path: Path) -> None:
    """Create an empty database file in the format of DuckDB 1.5.

    By default it is one that the oldest versions read, in which strings are compressed
    in a way that takes a quarter more time to write.
    """
    config = {"storage_compatibility_version": "v1.5.0"}
    duckdb.connect(path, config=config).close()


def ask_source(
    duck: duckdb.DuckDBPyConnection, scanner: str, query: str
) -> list[tuple]:
    """Return what the attached database ``source`` answers, in its own SQL."""
    rows = f"from {scanner}_query('source', {literal(query)})"
    return duck.execute(rows).fetchall()


def ask(query: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """Return the rows of a query that is about no table, such as what a text means."""
    return _nothing().cursor().execute(query, parameters).fetchall()


# It takes 15 ms to open, which each command would spend for each contract. Without
# threads of its own, a fork does it no harm.
@cache
def _nothing() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def literal(value: object) -> str:
    """Quote a value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def files(paths: Iterable[Path]) -> str:
    """Quote paths as an SQL list of files, none of them a pattern."""
    return "[" + ", ".join(literal(glob.escape(str(path))) for path in paths) + "]"


def identifier(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
