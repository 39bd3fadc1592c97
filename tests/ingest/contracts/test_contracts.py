"""Contracts: what is read from a source's YAML, and which sources are active."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from dbt_models import SOURCES_DIR, Deployment
from ingest.contracts import Column
from ingest.contracts.sources import active_sources, read_sources
from tests.ingest.contracts.contract_files import (
    FROM_DATABASE,
    ID,
    SALES,
    SALES_META,
    SHOP,
    changed,
    write,
)


def test_a_contract_is_read_whole(sources):
    path = write(sources, SHOP)
    for entity in ("transactions", "customers"):
        (path.parent / f"int_shop__{entity}.sql").touch()
    (path.parent / "stg_shop__sales.sql").touch()
    (source,) = read_sources()
    assert (source.name, source.timezone) == ("shop", "Europe/Berlin")
    assert (source.currency, source.entities) == ("EUR", ("customers", "transactions"))
    sales, events = source.tables
    assert (sales.full_name, sales.raw_schema) == ("shop.sales", "raw_shop")
    assert (sales.description, sales.export) == ("One row per sale.", "shop/sales*.csv")
    assert (sales.delivery, sales.key) == ("upsert", ("id", "line"))
    assert (sales.version_by, sales.known_at) == ("changed_at", "paid_at")
    assert (sales.control_amount, sales.freshness_days) == ("amount", 3)
    assert sales.timezone == "Europe/Berlin"
    assert sales.columns[0] == Column("id", "bigint", True, None)
    assert sales.columns[-1] == Column("email", "varchar", False, "contact")
    names = ["id", "line", "amount", "paid_at", "changed_at", "email"]
    assert list(sales.types) == names
    assert (events.key, events.version_by, events.known_at) == ((), None, None)
    assert (events.control_amount, events.freshness_days) == (None, None)
    assert (sales.optional, events.optional) == (False, True)


def test_sources_come_by_name(sources):
    for name in ("b", "a", "c"):
        write(sources, {**SHOP, "name": name, "schema": f"raw_{name}"}, name)
    (sources / "README.md").touch()
    assert [source.name for source in read_sources()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("amount", "required"),
    [
        ("line * amount", {"id", "line", "amount"}),
        ("coalesce(amount, 0)", {"id", "line"}),
        ('line * COALESCE( "amount" , 0)', {"id", "line"}),
        ("coalesce(amount, 0) + amount", {"id", "line", "amount"}),
    ],
)
def test_an_amount_may_be_empty_where_it_says_what_that_is_worth(
    sources, amount, required
):
    write(sources, changed(((*SALES, "config", "meta", "control_amount"), amount)))
    assert read_sources()[0].tables[0].required == required


def test_the_projects_contracts_are_sound():
    folders = [path.name for path in SOURCES_DIR.iterdir() if path.is_dir()]
    assert [source.name for source in read_sources()] == sorted(folders)


@pytest.mark.parametrize(
    ("period", "count", "days"), [("day", 3, 3), ("hour", 48, 2), ("day", 1, 1)]
)
def test_freshness_is_in_days(sources, period, count, days):
    warn_after = {"count": count, "period": period}
    where = (*SALES, "config", "freshness", "warn_after")
    write(sources, changed((where, warn_after)))
    assert read_sources()[0].tables[0].freshness_days == days


@pytest.mark.parametrize(
    "data_type",
    ["boolean", "integer", "bigint", "double", "date", "timestamp", "varchar"]
    + ["decimal(18, 2)", "decimal(18,2)"],
)
def test_known_types(sources, data_type):
    write(sources, changed(((*ID, "data_type"), data_type)))
    assert read_sources()[0].tables[0].types["id"] == data_type


@pytest.mark.parametrize(
    ("there", "switches", "active"),
    [
        ([], {}, []),
        (["exports/a/sales_1.csv"], {}, ["a"]),
        (["exports/a/other.csv"], {}, []),
        (["exports/a/e1.csv", "exports/b/sales.csv"], {}, ["a", "b"]),
        (["raw/b/sales/000001/_load.json"], {}, ["b"]),
        (["exports/a/sales_1.csv"], {"a": False}, []),
        (["raw/a/sales/000001/_load.json"], {"a": False, "b": True}, ["b"]),
        ([], {"b": True}, ["b"]),
    ],
)
def test_active_sources(sources, tmp_path, there, switches, active):
    for name in ("a", "b"):
        named = changed((("name",), name), (("schema",), f"raw_{name}"))
        for table, pattern in zip(
            named["tables"], ("sales*.csv", "e*.csv"), strict=True
        ):
            table["config"]["meta"]["export"] = f"{name}/{pattern}"
        write(sources, named, name)
    for file in there:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    deployment = Deployment(tmp_path, {}, switches)
    assert [source.name for source in active_sources(deployment)] == active


def test_a_source_whose_folder_is_closed_is_active(sources, tmp_path, monkeypatch):
    """It would else be passed over without a word."""
    write(sources, SHOP)
    deployment = Deployment(tmp_path, {}, {})
    folder = deployment.exports / "shop"
    folder.mkdir(parents=True)
    assert active_sources(deployment) == []
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != folder)
    assert [source.name for source in active_sources(deployment)] == ["shop"]


@pytest.mark.parametrize(
    ("cursor", "overlap", "expected"),
    [
        (None, None, None),
        ("changed_at", None, timedelta(days=1)),
        ("changed_at", {"count": 2, "period": "day"}, timedelta(days=2)),
        ("changed_at", {"count": 90, "period": "minute"}, timedelta(minutes=90)),
        ("id", None, 10_000),
        ("line", 0, 0),
    ],
)
def test_a_table_of_a_database(sources, cursor, overlap, expected):
    given = {"cursor": cursor, "overlap": overlap}
    changes = [((*SALES_META, key), value) for key, value in given.items() if value]
    if overlap == 0:
        changes.append(((*SALES_META, "overlap"), 0))
    write(sources, changed(*FROM_DATABASE, *changes))
    sales, events = read_sources()[0].tables
    assert (sales.export, sales.connection) == (None, "erp")
    assert (sales.relation, sales.cursor) == ("public.sales", cursor)
    assert sales.overlap == expected
    assert (events.connection, events.relation, events.cursor) == (None, None, None)


@pytest.mark.parametrize(("name", "active"), [("erp", ["shop"]), ("other", [])])
def test_a_source_whose_connection_is_set_is_active(sources, tmp_path, name, active):
    write(sources, changed(*FROM_DATABASE))
    path = tmp_path / "restricted" / "connections.yml"
    path.parent.mkdir()
    path.write_text(f"{name}: sqlite:///shop.db\n")
    path.chmod(0o600)
    deployment = Deployment(tmp_path, {}, {})
    assert [source.name for source in active_sources(deployment)] == active


@pytest.mark.parametrize(
    ("was", "read"), [([], ()), (["no", "number"], ("no", "number"))]
)
def test_a_column_may_have_had_other_names(sources, was, read):
    write(sources, changed(((*ID, "config", "meta", "was"), was)))
    assert read_sources()[0].tables[0].columns[0].was == read
