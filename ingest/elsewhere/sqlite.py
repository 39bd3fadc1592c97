"""SQLite files: tables read in one transaction, whatever their columns hold.

DuckDB's scan would read with several connections, each of which sees the file as it is
when it begins, and makes all values of a column of one type; so SQLite writes them as
text, and DuckDB makes numbers of them where all of a column are.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from ingest.sql import ask_source, identifier, literal

EXTENSION = "sqlite_scanner"
# 18 digits tell every number from its neighbours; SQLite's own text has 15.
_EXACT = "printf('%!.20g', {0})"
# Whole numbers up to here are the same as double precision numbers.
_EXACT_WHOLE = 2**53


def attach(
    duck: duckdb.DuckDBPyConnection, options: Mapping[str, str], password: str
) -> None:
    """Open the file for reading; it has no password."""
    path = Path(options["path"])
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    duck.execute(f"attach {literal(path)} as source (type sqlite, read_only)")


def columns(
    duck: duckdb.DuckDBPyConnection, relation: tuple[str | None, str]
) -> dict[str, str]:
    """Return the table's columns and the types they were declared with."""
    schema, name = relation
    # 1 is what virtual tables hide.
    found = ask_source(
        duck,
        "sqlite",
        f"select name, type from pragma_table_xinfo({literal(name)}, "
        f"{literal(schema or 'main')}) where hidden <> 1",
    )
    return dict(found)


def relations(duck: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of all tables and views."""
    found = ask_source(
        duck,
        "sqlite",
        "select name, type from sqlite_master where type in ('table', 'view') "
        "order by name",
    )
    return [name for name, _ in found]


def condition(
    column: str, declared: str, first: int | datetime, moment: datetime | None
) -> str:
    """Return the SQL of the rows to read: any column may hold anything."""
    name = identifier(column)
    if moment is None:
        return f"(typeof({name}) not in ('integer', 'real') or {name} >= {first})"
    # Texts may have an offset, or a T between day and time: a day before, none is
    # mistaken for an earlier one.
    day = (first - timedelta(days=1)).date()
    return f"(typeof({name}) <> 'text' or {name} >= '{day}')"


def copy(
    duck: duckdb.DuckDBPyConnection,
    relation: tuple[str | None, str],
    columns: Mapping[str, str],
    condition: str,
    target: Path,
) -> int:
    """Write the rows and return how many SQLite counted."""
    rows = f"from {'.'.join(identifier(part) for part in relation if part)}"
    kinds = ", ".join(_kinds(identifier(name)) for name in columns)
    counts = f"select count(*), {kinds} {rows} where {condition}"
    ((counted, *found),) = ask_source(duck, "sqlite", counts)
    made = [
        _value(identifier(name), kinds or "")
        for name, kinds in zip(columns, found, strict=True)
    ]
    # SQLite names what it computes by its SQL.
    texts = ", ".join(f"{text} as c{n}" for n, (text, _) in enumerate(made))
    values = ", ".join(
        f"c{n}::{data_type} as {identifier(name)}"
        for n, (name, (_, data_type)) in enumerate(zip(columns, made, strict=True))
    )
    query = literal(f"select {texts} {rows} where {condition}")
    duck.execute(
        f"copy (select {values} from sqlite_query('source', {query})) "
        f"to {literal(target)} (format parquet, compression zstd, use_tmp_file false)"
    )
    return int(counted)


def _kinds(name: str) -> str:
    """Return the SQL of the kinds of values in a column, as letters."""
    big = f"typeof({name}) = 'integer' and abs({name} / 2) >= {_EXACT_WHOLE // 2}"
    kinds = {
        "i": f"typeof({name}) = 'integer'",
        "w": big,
        "r": f"typeof({name}) = 'real'",
        "t": f"typeof({name}) = 'text'",
        "b": f"typeof({name}) = 'blob'",
    }
    return " || ".join(
        f"case when max({test}) then '{letter}' else '' end"
        for letter, test in kinds.items()
    )


def _value(name: str, kinds: str) -> tuple[str, str]:
    """Return the SQL of a column's values as text, and DuckDB's type for all of it."""
    exact = _EXACT.format(name)
    if kinds in {"i", "iw"}:
        return name, "bigint"
    if kinds in {"r", "ir"}:
        # Of nothing, printf makes zero.
        return f"case when {name} is not null then {exact} end", "double"
    short = f"cast({name} as text)"
    shortest = f"case cast({short} as real) when {name} then {short} else {exact} end"
    return (
        f"case typeof({name}) when 'real' then {shortest} "
        f"when 'blob' then '0x' || lower(hex({name})) else {name} end",
        "varchar",
    )
