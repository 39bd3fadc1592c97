"""The tables of schema ``ops`` that Python fills, as ``_ops__sources.yml`` says."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import yaml

from dbt_models import PROJECT_DIR

if TYPE_CHECKING:
    import duckdb

_BATCH = 100


def create_ops_tables(connection: "duckdb.DuckDBPyConnection") -> None:
    """Create all of them, empty, with their descriptions."""
    connection.execute("create schema ops")
    for name, spec in _definitions().items():
        columns = ", ".join(
            f"{column['name']} {column['data_type']}" for column in spec["columns"]
        )
        connection.execute(f"create table ops.{name} ({columns})")
        connection.execute(f"comment on table ops.{name} is {_text(spec)}")
        for column in spec["columns"]:
            connection.execute(
                f"comment on column ops.{name}.{column['name']} is {_text(column)}"
            )


def fill_ops_table(
    connection: "duckdb.DuckDBPyConnection",
    name: str,
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Append rows; each must have exactly the defined columns."""
    columns = [column["name"] for column in _definitions()[name]["columns"]]
    marks = ", ".join("?" for _ in columns)
    remaining = iter(rows)
    # Hundreds of rows in statements of their own would take half a second.
    while batch := list(islice(remaining, _BATCH)):
        values: list[Any] = []
        for row in batch:
            cells = dict(row)
            values += [cells.pop(column) for column in columns]
            if cells:
                raise ValueError(f"ops.{name} has no column {', '.join(cells)}")
        statement = ", ".join([f"({marks})"] * len(batch))
        connection.execute(f"insert into ops.{name} values {statement}", values)


@cache
def _definitions() -> dict[str, dict[str, Any]]:
    path = PROJECT_DIR / "models" / "ops" / "_ops__sources.yml"
    tables = yaml.safe_load(path.read_text())["sources"][0]["tables"]
    return {table["name"]: table for table in tables}


def _text(spec: Mapping[str, Any]) -> str:
    return "'" + spec["description"].strip().replace("'", "''") + "'"
