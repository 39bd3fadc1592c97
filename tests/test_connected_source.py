"""A run that reads a table of a database, and one whose database has gone."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from tests.project_copy import EXPORTS, crm, project_with_corner_shop

FILES = "            export: corner_shop/receipts*.csv\n"
DATABASE = "            connection: till\n            relation: receipts\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Return a copy of the project whose shop has its receipts in a database."""
    project = project_with_corner_shop(tmp_path_factory.mktemp("till") / "project")
    folder = project / "dbt_models" / "models" / "sources" / "corner_shop"
    contract = folder / "_corner_shop__sources.yml"
    text = contract.read_text()
    assert FILES in text
    contract.write_text(text.replace(FILES, DATABASE))
    exports = project / "data" / "exports" / "corner_shop"
    with sqlite3.connect(project / "till.db") as till:
        till.execute(
            "create table receipts (receipt text, line integer, member text, "
            "sold_at text, amount numeric)"
        )
        for name in ("receipts_1.csv", "receipts_2.csv"):
            (exports / name).unlink()
            for row in EXPORTS[name].splitlines()[1:]:
                values = [value or None for value in row.split(",")]
                till.execute("insert into receipts values (?, ?, ?, ?, ?)", values)
    connections = project / "data" / "restricted" / "connections.yml"
    connections.parent.mkdir(mode=0o700)
    connections.write_text(f"till: sqlite:///{project}/till.db\n")
    connections.chmod(0o600)
    return project


def total(project: Path) -> tuple:
    path = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(
            "select count(*), sum(net_amount)::double from core.fct_transactions"
        ).fetchone()


def test_what_is_in_the_database_is_published(project):
    crm(project, "run")
    assert total(project) == (5, 16.5)
    assert "Nothing new" in crm(project, "run")
    with sqlite3.connect(project / "till.db") as till:
        till.execute(
            "insert into receipts values ('R5', 1, 'm1', '2026-07-03 10:00:00', 1.25)"
        )
    (project / "till.db").rename(project / "gone.db")
    said = crm(project, "run", code=3)
    assert "corner_shop.receipts: table receipts of the connection 'till'" in said
    assert total(project) == (5, 16.5)
    # It is fetched again when it is back.
    (project / "gone.db").rename(project / "till.db")
    crm(project, "run")
    assert total(project) == (6, 17.75)
