"""Reading a table of a database into a file, and looking at what came."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.elsewhere.connections import Connection, connection_named, connections_file
from ingest.elsewhere.databases import Extract, extract
from tests.ingest.shop import SALES, columns

ORDERS = replace(
    SALES,
    name="orders",
    export=None,
    delivery="upsert",
    columns=columns({"id": "bigint"}),
    connection="erp",
    relation="orders",
)


def connection(address: str, folder: Path) -> Connection:
    deployment = Deployment(folder / "data", {"timezone": "UTC"}, {})
    path = connections_file(deployment)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"erp: {address}\n")
    path.chmod(0o600)
    return connection_named("erp", deployment)


class Read:
    """Reads tables of one database into files."""

    def __init__(self, address: str, folder: Path):
        self.connection = connection(address, folder)
        self.target = folder / "rows.parquet"

    def __call__(self, table: Table = ORDERS, since=None, **changes) -> Extract:
        table = replace(table, **changes)
        return extract(self.connection, table, since, self.target)

    def rows(self, select: str = "*", order: str = "id") -> list[tuple]:
        query = f"select {select} from '{self.target}' order by {order}"
        return duckdb.sql(query).fetchall()

    def types(self) -> dict[str, str]:
        described = duckdb.sql(f"describe from '{self.target}'").fetchall()
        return {name: type_ for name, type_, *_ in described}

    def texts(self, column: str) -> list[str | None]:
        """Return a column as landing sees what is not of the contract's type."""
        return [text for (text,) in self.rows(f'"{column}"::varchar')]


def refusal(read: Read, **changes) -> str:
    with pytest.raises(WarehouseError) as caught:
        read(**changes)
    message = str(caught.value)
    assert message.startswith("shop.orders: table ")
    assert "of the connection 'erp':" in message
    assert "pass@word" not in message
    return message
