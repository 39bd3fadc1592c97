"""Tables of databases: each becomes one local Parquet file, in one consistent read.

A dialect is a module with four functions, beside ``EXTENSION``, DuckDB's name of what
speaks to it; ``relation`` is the table's schema, if it is given, and its name.

``attach(duck, options, password)``
    opens the database for reading, as ``source``;
``columns(duck, relation)``
    the table's columns and what the database calls their types; none: no such table;
``condition(column, declared, first, moment)``
    the SQL of the rows from ``first`` on, and of those without a value; ``moment`` is
    the same in UTC; it may hold for more rows; None: no cursor is of such a type;
``copy(duck, relation, columns, condition, target)``
    writes the rows and returns how many the server counted in the same snapshot; what
    DuckDB would change (NaN, zero dates, more than 38 digits) it lets come as text;
``relations(duck)``
    the names of all tables, for who has mistaken one.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import duckdb

from dbt_models import WarehouseError, nearest
from ingest.contracts import Table
from ingest.elsewhere import mysql, postgresql, sqlite
from ingest.elsewhere.connections import Connection
from ingest.elsewhere.digests import digest
from ingest.sql import connect, literal

_DIALECTS: dict[str, ModuleType] = {
    "mysql": mysql,
    "postgresql": postgresql,
    "sqlite": sqlite,
}
_PART = re.compile(r'"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|([^."`]+)')


@dataclass(frozen=True)
class Extract:
    """What was read of a table.

    Attributes
    ----------
    rows_counted
        By the server, in the snapshot that was read.
    content_hash
        Of columns, types and rows, in whatever order they came.
    """

    rows_counted: int
    content_hash: str


def extract(
    connection: Connection, table: Table, since: int | date | None, target: Path
) -> Extract:
    """Write the table's rows as a Parquet file, with all columns that it has.

    Parameters
    ----------
    since
        Rows whose cursor is at least that are read, and those without one; None: all.
        A time is one of the contract's zone.

    Raises
    ------
    WarehouseError
        If the database cannot be read, the table or a column is not there, or fewer
        or more rows came than the server had counted.
    """
    if connection.kind not in _DIALECTS:
        raise _refuse(connection, table, "its address is not that of a database.")
    dialect = _DIALECTS[connection.kind]
    with connect() as duck:
        try:
            duck.execute(f"load {literal(extension_path(dialect.EXTENSION))}")
            dialect.attach(duck, connection.options, connection.password)
            # Of PostgreSQL and SQLite, all that follows sees one snapshot.
            duck.begin()
            relation = _relation(table)
            columns = dialect.columns(duck, relation)
            if not columns:
                known = dialect.relations(duck)
                there = nearest(table.relation, known) if known else "It has none."
                raise _refuse(connection, table, f"there is no such table. {there}")
            _check_columns(connection, table, columns)
            condition = "true"
            if table.cursor is not None:
                declared = columns[table.cursor]
                condition = _condition(dialect, connection, table, declared, since)
            counted = dialect.copy(duck, relation, columns, condition, target)
            rows, content_hash = digest(duck, target)
        except (duckdb.Error, OSError) as error:
            # What the driver says may name the password, and does name its own SQL.
            raise _refuse(
                connection,
                table,
                f"it cannot be read ({_said(connection, error)}). See that the "
                "database is there, that user and password are right and may read it.",
            ) from None
        finally:
            # Closing a transaction whose server has gone would abort the process.
            with suppress(duckdb.Error):
                duck.rollback()
    if rows != counted:
        raise _refuse(
            connection,
            table,
            f"the server counted {counted:,} rows, but {rows:,} came. Run again.",
        )
    return Extract(counted, content_hash)


def extension_path(extension: str) -> Path:
    """Return where a wheel has put it: DuckDB itself would ask a server for it."""
    folder = Path(duckdb.__file__).parents[1] / f"duckdb_extension_{extension}"
    (path,) = folder.glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
    return path


def _relation(table: Table) -> tuple[str | None, str]:
    parts = [
        (double or back or plain).replace('""', '"').replace("``", "`")
        for double, back, plain in _PART.findall(table.relation)
    ]
    return (None if len(parts) == 1 else parts[0]), parts[-1]


def _check_columns(
    connection: Connection, table: Table, columns: Mapping[str, str]
) -> None:
    missing = [name for name in table.types if name not in columns]
    if missing:
        raise _refuse(
            connection,
            table,
            f"column {', '.join(missing)} is missing; it has {', '.join(columns)}. "
            "Mend the contract.",
        )
    lower = [name.lower() for name in columns]
    twice = [name for name in columns if lower.count(name.lower()) > 1]
    if twice:
        raise _refuse(
            connection,
            table,
            f"columns {', '.join(twice)} differ in nothing but case; read a view with "
            "other names.",
        )


def _condition(
    dialect: ModuleType,
    connection: Connection,
    table: Table,
    declared: str,
    since: int | date | None,
) -> str:
    """Return the SQL of rows to read, having seen that the cursor can be one."""
    is_number = table.types[table.cursor] in {"integer", "bigint"}
    first = (0 if is_number else date(1970, 1, 1)) if since is None else since
    moment = None
    if isinstance(first, date):
        if not isinstance(first, datetime):
            first = datetime.combine(first, time.min)
        # Of a time that clocks showed twice, the earlier.
        zone = ZoneInfo(table.timezone)
        moment = first.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    condition = dialect.condition(table.cursor, declared, first, moment)
    if condition is None:
        kind = "number" if is_number else "date or a time"
        raise _refuse(
            connection,
            table,
            f"its cursor {table.cursor} is no {kind} there but of the type {declared}. "
            "Name another cursor in the contract, or none.",
        )
    return "true" if since is None else condition


def _said(connection: Connection, error: Exception) -> str:
    """Return what the driver says without its SQL, values and the password."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = (lines or ["it does not say why"])[0].split('": ')[-1].rstrip(".:")
    if "connect" not in said:
        said = re.sub('"[^"]*"', "...", said)
    return connection.without_secrets(said)


def _refuse(connection: Connection, table: Table, reason: str) -> WarehouseError:
    return WarehouseError(
        f"{table.full_name}: table {table.relation} of the connection "
        f"'{connection.name}': {reason}"
    )
