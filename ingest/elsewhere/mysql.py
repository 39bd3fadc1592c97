"""MySQL and MariaDB: a table and its count read by one statement.

DuckDB runs each query by itself, outside any transaction; one statement is one snapshot
all the same.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from ingest.sql import ask_source, identifier, literal

EXTENSION = "mysql_scanner"
_SETTINGS = {
    "mysql_bit1_as_boolean": "false",
    "mysql_query_timeout_enabled": "false",
    "mysql_session_time_zone": "'+00:00'",
    "mysql_tinyint1_as_boolean": "false",
}
_INTEGERS = re.compile("(tiny|small|medium|big)?int.*|year.*")
_DECIMAL = re.compile(r"(decimal\((\d+),\d+\)).*")
_FLOATS = re.compile("(float|double).*")
# Not of a binary collation: those DuckDB takes for bytes.
_TEXTS = re.compile(r"(varchar|char|\w*text|enum).* collate \w+(?<!_bin)")
_BITS = re.compile("bit.*")
_TIMES = re.compile("(date|datetime|timestamp).*")
_BYTES = re.compile(
    "(var)?binary.*|(tiny|medium|long)?blob|vector.*|geom.*|(multi)?(point|polygon|line)"
    "(string)?"
)
_BATCH = 122_880


def attach(
    duck: duckdb.DuckDBPyConnection, options: Mapping[str, str], password: str
) -> None:
    """Open the database for reading."""
    for name, value in _SETTINGS.items():
        duck.execute(f"set {name} = {value}")
    given = {**options, "password": password}
    words = ", ".join(f"{key} {literal(value)}" for key, value in given.items())
    duck.execute(f"create secret address (type mysql, {words})")
    duck.execute("attach '' as source (type mysql, secret address, read_only)")


def columns(
    duck: duckdb.DuckDBPyConnection, relation: tuple[str | None, str]
) -> dict[str, str]:
    """Return the table's columns and their types."""
    schema, name = relation
    return dict(
        ask_source(
            duck,
            "mysql",
            "select column_name as name, concat_ws(' collate ', "
            "cast(column_type as char), collation_name) as type "
            "from information_schema.columns where table_schema = "
            f"{'database()' if schema is None else literal(schema)} "
            f"and table_name = {literal(name)} order by ordinal_position",
        )
    )


def relations(duck: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of all tables and views of the database."""
    found = ask_source(
        duck,
        "mysql",
        "select table_name as name from information_schema.tables "
        "where table_schema = database() order by 1",
    )
    return [name for (name,) in found]


def condition(
    column: str, declared: str, first: int | datetime, moment: datetime | None
) -> str | None:
    """Return the SQL of the rows to read."""
    name = _identifier(column)
    if moment is None:
        fits = _INTEGERS.fullmatch(declared) or _DECIMAL.fullmatch(declared)
        value = str(first)
    else:
        fits = _TIMES.fullmatch(declared)
        # The session is in UTC, which is what stored moments are shown in.
        shown = moment if declared.startswith("timestamp") else first
        value = f"timestamp '{shown}'"
    return f"({name} >= {value} or {name} is null)" if fits else None


def copy(
    duck: duckdb.DuckDBPyConnection,
    relation: tuple[str | None, str],
    columns: Mapping[str, str],
    condition: str,
    target: Path,
) -> int:
    """Write the rows and return how many the server counted."""
    # A tenth of a second that a run without such a database does not pay.
    import pyarrow
    from pyarrow import parquet

    table = ".".join(_identifier(part) for part in relation if part)
    values = ", ".join(
        f"{_value(_identifier(name), declared)} as {_identifier(name)}"
        for name, declared in columns.items()
    )
    # Where nothing is to be read, there is one row all the same, with the count.
    query = (
        "select counted.`_count`, found.* from "
        f"(select count(*) as `_count` from {table} where {condition}) as counted "
        f"left join (select {values} from {table} where {condition}) "
        "as found on true"
    )
    kept = ", ".join(_kept(name, declared) for name, declared in columns.items())
    rows = duck.execute(
        f"select _count, {kept} from mysql_query('source', {literal(query)})"
    )
    batches = rows.to_arrow_reader(_BATCH)
    schema = pyarrow.schema(list(batches.schema)[1:])
    counted = 0
    try:
        with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in batches:
                counted = batch.column(0)[0].as_py()
                if counted:
                    writer.write_batch(batch.select(range(1, batch.num_columns)))
    except pyarrow.ArrowException as error:
        raise OSError(str(error)) from None
    return counted


def _value(name: str, declared: str) -> str:
    """Return the SQL of a value as DuckDB can take it over without changing it."""
    if _BITS.fullmatch(declared):
        return f"{name} + 0"
    if _BYTES.fullmatch(declared):
        return f"concat('0x', lower(hex({name})))"
    if any(same.fullmatch(declared) for same in (_INTEGERS, _FLOATS, _TEXTS)):
        return name
    # Days that are zero, DuckDB could not hold.
    text = f"cast({name} as char)"
    return f"concat({text}, '+00:00')" if declared.startswith("timestamp") else text


def _kept(name: str, declared: str) -> str:
    """Return DuckDB's SQL of a value that came."""
    # Their digits DuckDB guesses wrong; of more than 38, it makes an inexact number.
    decimal = _DECIMAL.fullmatch(declared)
    made = f"::{decimal[1]}" if decimal and int(decimal[2]) <= 38 else ""
    return f"{identifier(name)}{made} as {identifier(name)}"


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
