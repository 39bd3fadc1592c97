"""The tables of a publication: rows that are as they were are not written again."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import duckdb

from ingest.sql import connect, create_database, identifier, literal

_TABLES = """
    select schema_name, table_name, comment
    from duckdb_tables()
    where database_name = $database and list_contains($schemas, schema_name)
    order by schema_name, table_name
"""
_COLUMNS = """
    select list((column_name, data_type) order by column_index)
    from duckdb_columns()
    where database_name = $database and schema_name = $schema and table_name = $table
"""
_COMMENTS = """
    select schema_name, table_name, column_name, comment
    from duckdb_columns()
    where database_name = 'build' and list_contains($schemas, schema_name)
        and comment is not null
"""


def write_tables(
    path: Path,
    build_database: Path,
    schemas: Collection[str],
    keys: Mapping[str, Sequence[str]],
) -> None:
    """Make a file hold the build's tables of some schemas, with their descriptions.

    To compress a long table is half the work of publishing. Of one that goes on from
    build to build, only rows are written that the file does not have from the last
    time: two are the same if they have the same key and were made by the same run.

    Parameters
    ----------
    path
        The file; if it cannot be opened, it is made anew.
    keys
        The tables that go on, ``<schema>.<table>``, and the columns that tell their
        rows apart; they say in ``_loaded_at`` which run made a row.
    """
    _make_writable(path)
    with connect(path) as connection:
        connection.execute(f"attach {literal(build_database)} as build (read_only)")
        built = _tables(connection, "build", schemas)
        there = _tables(connection, path.stem, schemas)
        kept = {
            table
            for table in built.keys() & there.keys()
            if ".".join(table) in keys and _goes_on(connection, path.stem, *table)
        }
        for table in there.keys() - kept:
            connection.execute(f"drop table {_quoted(*table)}")
        # Makes room for the new ones.
        connection.execute("checkpoint")
        connection.begin()
        for table, comment in built.items():
            name = _quoted(*table)
            connection.execute(f"create schema if not exists {identifier(table[0])}")
            if table in kept:
                _write_difference(connection, name, keys[".".join(table)])
            else:
                connection.execute(f"create table {name} as from build.{name}")
            if comment:
                connection.execute(f"comment on table {name} is {literal(comment)}")
        columns = connection.execute(_COMMENTS, {"schemas": list(schemas)}).fetchall()
        for schema, table, column, comment in columns:
            name = _quoted(schema, table, column)
            connection.execute(f"comment on column {name} is {literal(comment)}")
        connection.commit()
        connection.execute("detach build")
        connection.execute("checkpoint")


def _make_writable(path: Path) -> None:
    """Create the database unless there is one that can be written to."""
    if path.exists():
        with suppress(duckdb.Error):
            connect(path).close()
            return
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    create_database(path)


def _tables(
    connection: duckdb.DuckDBPyConnection, database: str, schemas: Collection[str]
) -> dict[tuple[str, str], str | None]:
    """Return the tables of a database, and their descriptions."""
    found = connection.execute(
        _TABLES, {"database": database, "schemas": list(schemas)}
    ).fetchall()
    return {(schema, table): comment for schema, table, comment in found}


def _goes_on(
    connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str
) -> bool:
    """Return whether a table has the build's columns and some of its rows."""
    columns, built_columns = (
        connection.execute(
            _COLUMNS, {"database": name, "schema": schema, "table": table}
        ).fetchone()
        for name in (database, "build")
    )
    if columns != built_columns:
        return False
    name = _quoted(schema, table)
    return bool(_runs(connection, name) & _runs(connection, f"build.{name}"))


def _write_difference(
    connection: duckdb.DuckDBPyConnection, name: str, key: Sequence[str]
) -> None:
    is_same = " and ".join(
        f"built.{column} is not distinct from published.{column}"
        for column in map(identifier, (*key, "_loaded_at"))
    )
    # Of what a run has made, all was published or nothing.
    new = _runs(connection, f"build.{name}") - _runs(connection, name)
    connection.execute(
        f"""delete from {name} as published
        where not exists (select 1 from build.{name} as built where {is_same})"""
    )
    for run in new:
        connection.execute(
            f"insert into {name} from build.{name} where _loaded_at = ?", [run]
        )


def _runs(connection: duckdb.DuckDBPyConnection, name: str) -> set[datetime]:
    """Return the runs that have made rows of a table."""
    found = connection.execute(f"select distinct _loaded_at from {name}").fetchall()
    return {run for (run,) in found}


def _quoted(*names: str) -> str:
    return ".".join(map(identifier, names))
