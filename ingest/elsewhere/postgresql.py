"""PostgreSQL: tables read in one transaction, as they were when it began."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from ingest.sql import ask_source, identifier, literal

EXTENSION = "postgres_scanner"
# What DuckDB takes over as it is; everything else comes as the server writes it.
_SAME = re.compile(
    "smallint|integer|bigint|boolean|real|double precision|text|date|"
    r"character varying.*|timestamp(\(\d\))? without time zone"
)
_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")
_NUMBERS = re.compile("smallint|integer|bigint|numeric.*")
_TIMES = re.compile("date|timestamp.*")
# No setting of the server, the database or the user changes how values are written.
_SETTINGS = {
    "datestyle": "ISO",
    "intervalstyle": "iso_8601",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
# Of relations that can be read.
_KINDS = "relkind in ('r', 'v', 'm', 'f', 'p')"


def attach(
    duck: duckdb.DuckDBPyConnection, options: Mapping[str, str], password: str
) -> None:
    """Open the database for reading."""
    given = {
        "connect_timeout": "30",
        "keepalives_idle": "60",
        **options,
        "client_encoding": "UTF8",
    }
    words = " ".join(f"{key}={_quote(value)}" for key, value in given.items())
    # In the words, errors would show it.
    duck.execute(f"create secret (type postgres, password {literal(password)})")
    duck.execute(f"attach {literal(words)} as source (type postgres, read_only)")


def columns(
    duck: duckdb.DuckDBPyConnection, relation: tuple[str | None, str]
) -> dict[str, str]:
    """Return the table's columns and their types."""
    schema, name = relation
    where = (
        "pg_table_is_visible(c.oid)"
        if schema is None
        else f"nspname = {literal(schema)}"
    )
    return dict(
        ask_source(
            duck,
            "postgres",
            "select attname::text as name, format_type(atttypid, atttypmod) as type "
            "from pg_attribute join pg_class c on attrelid = c.oid "
            "join pg_namespace n on relnamespace = n.oid "
            f"where relname = {literal(name)} and {where} and {_KINDS} "
            "and attnum > 0 and not attisdropped order by attnum",
        )
    )


def relations(duck: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of all tables and views."""
    found = ask_source(
        duck,
        "postgres",
        "select nspname || '.' || relname as name from pg_class "
        f"join pg_namespace n on relnamespace = n.oid where {_KINDS} and nspname "
        "not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1",
    )
    return [name for (name,) in found]


def condition(
    column: str, declared: str, first: int | datetime, moment: datetime | None
) -> str | None:
    """Return the SQL of the rows to read."""
    name = identifier(column)
    if moment is None:
        value = str(first) if _NUMBERS.fullmatch(declared) else None
    elif declared.endswith("with time zone"):
        value = f"timestamptz '{moment}+00'"
    else:
        value = f"timestamp '{first}'"
    fits = _NUMBERS if moment is None else _TIMES
    return f"({name} >= {value} or {name} is null)" if fits.match(declared) else None


def copy(
    duck: duckdb.DuckDBPyConnection,
    relation: tuple[str | None, str],
    columns: Mapping[str, str],
    condition: str,
    target: Path,
) -> int:
    """Write the rows and return how many the server counted."""
    settings = "; ".join(
        f"set local {name} to {literal(value)}" for name, value in _SETTINGS.items()
    )
    duck.execute(f"call postgres_execute('source', {literal(settings)})")
    rows = f"from {'.'.join(identifier(part) for part in relation if part)}"
    doubts = [_doubt(name, declared) for name, declared in columns.items()]
    found = ", ".join(f"bool_or({doubt}) as d{n}" for n, doubt in enumerate(doubts))
    counts = f"select count(*) as n, {found} {rows} where {condition}"
    ((counted, *doubtful),) = ask_source(duck, "postgres", counts)
    values = ", ".join(
        f"{identifier(name)}{'::text' if is_doubtful else ''} as {identifier(name)}"
        if _is_same(declared)
        else f"{_text(name, declared)} as {identifier(name)}"
        for (name, declared), is_doubtful in zip(columns.items(), doubtful, strict=True)
    )
    query = literal(f"select {values} {rows} where {condition}")
    duck.execute(
        f"copy (from postgres_query('source', {query})) to {literal(target)} "
        "(format parquet, compression zstd, use_tmp_file false)"
    )
    return counted


def _is_same(declared: str) -> bool:
    decimal = _DECIMAL.fullmatch(declared)
    # Of more digits, DuckDB makes an inexact number.
    return bool(_SAME.fullmatch(declared) or (decimal and int(decimal[1]) <= 38))


def _doubt(name: str, declared: str) -> str:
    """Return the SQL of values that DuckDB would change although it has their type."""
    column = identifier(name)
    if _DECIMAL.fullmatch(declared):
        return f"{column} = 'NaN'"
    if declared.startswith("timestamp") and _is_same(declared):
        return f"{column} >= '294247-01-01' and isfinite({column})"
    return "false"


def _text(name: str, declared: str) -> str:
    # The currency sign and the separators of money are the server's.
    number = "::numeric" if declared == "money" else ""
    return f"{identifier(name)}{number}::text"


def _quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
