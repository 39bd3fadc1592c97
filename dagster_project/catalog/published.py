"""The catalogue as the published file has it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import duckdb

from dbt_models import WarehouseError

_TABLES = """
    select
        catalog_tables.schema_name || '.' || catalog_tables.table_name,
        catalog_tables.is_published,
        catalog_tables.description,
        catalog_tables.made_from,
        catalog_tables.file_pattern,
        catalog_tables.sql_definition,
        published.estimated_size
    from ops.catalog_tables
    left join duckdb_tables() as published using (schema_name, table_name)
    order by all
"""
_COLUMNS = """
    select
        schema_name || '.' || table_name,
        column_name, data_type, description, made_from, expressions, untraced_reason
    from ops.catalog_columns
    order by schema_name, table_name, column_position
"""
_LOADED = """
    select
        'raw_' || loads.source_system || '.' || loads.table_name,
        max(loads.loaded_at),
        max_by(load_files.path, load_files.file_id),
        count(*),
        sum(load_files.rows_loaded)
    from ops.loads
    inner join ops.load_files using (load_id)
    where not load_files.is_repeated
    group by all
"""


@dataclass(frozen=True)
class Column:
    """A column; `made_from`, `expressions` and `untraced` as in `lineage.Origin`."""

    table: str
    name: str
    data_type: str
    description: str
    made_from: tuple[str, ...]
    expressions: tuple[str, ...]
    untraced: str | None

    @property
    def full_name(self) -> str:
        """``<schema>.<table>.<column>``."""
        return f"{self.table}.{self.name}"


@dataclass(frozen=True)
class Table:
    """A table; `row_count` is known of those that are published."""

    full_name: str
    is_published: bool
    description: str
    made_from: tuple[str, ...]
    file_pattern: str | None
    sql: str | None
    row_count: int | None
    columns: Mapping[str, Column]

    @property
    def schema(self) -> str:
        """Its layer."""
        return self.full_name.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name without the schema."""
        return self.full_name.partition(".")[2]


@dataclass(frozen=True)
class Loaded:
    """What has been loaded of a raw table."""

    last_loaded_at: datetime
    newest_file: str
    file_count: int
    row_count: int


@dataclass(frozen=True)
class Catalog:
    """Everything by full name, as of one publication."""

    published_at: datetime
    as_of_date: object
    base_currency: str
    timezone: str
    code_version: str
    tables: Mapping[str, Table]
    loaded: Mapping[str, Loaded]

    @cached_property
    def columns(self) -> dict[str, Column]:
        """All columns of all tables."""
        return {
            column.full_name: column
            for table in self.tables.values()
            for column in table.columns.values()
        }

    @cached_property
    def made_into(self) -> dict[str, list[str]]:
        """What is made from a table or a column, directly."""
        found: dict[str, list[str]] = {}
        for thing in (*self.tables.values(), *self.columns.values()):
            for parent in thing.made_from:
                found.setdefault(parent, []).append(thing.full_name)
        return found

    def files_behind(self, table: Table) -> list[Table]:
        """Return the tables, read from files, that a table is made from in the end."""
        seen = {table.full_name: table}
        waiting = [table]
        while waiting:
            for name in waiting.pop().made_from:
                if name not in seen:
                    seen[name] = self.tables[name]
                    waiting.append(self.tables[name])
        return [seen[name] for name in sorted(seen) if seen[name].file_pattern]


def read_catalog(published: duckdb.DuckDBPyConnection) -> Catalog:
    """Read it.

    Raises
    ------
    WarehouseError
        If an older version of the code published the file.
    """
    try:
        tables = published.execute(_TABLES).fetchall()
    except duckdb.CatalogException as error:
        raise WarehouseError(
            "what is published has no catalogue yet: an older version of the code "
            "published it. `crm run` publishes it anew."
        ) from error
    columns: dict[str, dict[str, Column]] = {}
    for table, name, *facts in _tuples(published.execute(_COLUMNS)):
        columns.setdefault(table, {})[name] = Column(table, name, *facts)
    info = published.execute(
        "select published_at, as_of_date, base_currency, timezone, code_version "
        "from ops.build_info"
    ).fetchone()
    return Catalog(
        *info,
        tables={row[0]: Table(*_tuple(row), columns=columns[row[0]]) for row in tables},
        loaded={
            name: Loaded(*facts)
            for name, *facts in published.execute(_LOADED).fetchall()
        },
    )


def _tuples(rows: duckdb.DuckDBPyConnection) -> Iterator[tuple]:
    return map(_tuple, rows.fetchall())


def _tuple(row: tuple) -> tuple:
    return tuple(tuple(v) if isinstance(v, list) else v for v in row)
