"""A till with a database, which is read into files."""

from dataclasses import replace
from datetime import timedelta

import duckdb

from ingest.contracts import Table
from ingest.elsewhere.connections import connections_file
from ingest.elsewhere.fetched import fetched_file
from ingest.elsewhere.fetching import Fetch, fetch_table
from tests.ingest.elsewhere.servers import Server, Sqlite
from tests.ingest.shop import SALES, Shop, columns

TILL = replace(
    SALES,
    export=None,
    delivery="upsert",
    columns=columns(
        {
            "id": "bigint",
            "amount": "decimal(12, 2)",
            "note": "varchar",
            "changed_at": "timestamp",
        }
    ),
    connection="till",
    relation="sales",
)
BY_TIME = replace(TILL, cursor="changed_at", overlap=timedelta(days=1))
BY_ID = replace(TILL, delivery="append", cursor="id", overlap=2)


class Till:
    """A till with a database, and the deployment that reads it."""

    def __init__(self, shop: Shop, database: Sqlite | Server):
        self.shop = shop
        self.deployment = shop.deployment
        self.database = database
        self.run = database.run
        path = connections_file(self.deployment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"till: {database.address}\n")
        path.chmod(0o600)

    def sell(self, *ids: int, changed_at: str = "2026-03-01 12:00:00") -> None:
        for id_ in ids:
            self.run(
                f"delete from sales where id = {id_}; insert into sales values "
                f"({id_}, {id_}.50, 'note', '{changed_at}')"
            )

    def fetch(self, table: Table = TILL) -> Fetch:
        return fetch_table(self.deployment, table)

    def ids(self, table: Table = TILL) -> list[int]:
        """Return what lies there, fetched, in order."""
        path = fetched_file(self.deployment, table).path
        rows = duckdb.sql(f"select id from '{path}' order by all").fetchall()
        return [id_ for (id_,) in rows]

    def land(self, table: Table = TILL) -> int:
        """Land what was fetched, and return how many loads that made."""
        return len(self.shop.land(table))

    def left(self) -> set[str]:
        folder = self.deployment.build / "fetched" / "shop" / "sales"
        return {path.name for path in folder.iterdir()}
