"""`crm status`: what it finds wrong, and that looking needs no right to write."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from dagster_project import notes
from dagster_project.notes import gaps, refused_deliveries, staleness, worth_knowing
from dagster_project.published_notes import held_back
from dagster_project.status import print_status
from dbt_models import Deployment, load_deployment
from dbt_models.ops import create_ops_tables, fill_ops_table
from ingest.contracts import Column, Source
from ingest.contracts.sources import read_sources
from ingest.exports import ExportCatalog
from tests.ingest.shop import SALES, Shop


def test_only_the_source_whose_data_are_old_is_blamed(tmp_path):
    names = [source.name for source in read_sources()]
    deployment = Deployment(tmp_path, {"timezone": "UTC"}, dict.fromkeys(names, True))
    today = datetime.now(UTC).date()
    ends = {"complete_journey": today - timedelta(90), "online_retail": today}
    with duckdb.connect() as connection:
        connection.execute(
            "create schema core; create table core.fct_transactions"
            " (source_system varchar, transaction_date date)"
        )
        connection.executemany(
            "insert into core.fct_transactions values (?, ?)", list(ends.items())
        )
        (sentence,) = staleness(connection, deployment)
    assert sentence.startswith("complete_journey.transactions: data end on ")
    assert "90 days ago" in sentence


@pytest.mark.parametrize(
    ("ends", "asked", "is_said"),
    [
        ({"shop": date(2026, 1, 31), "web": date(2026, 3, 31)}, None, True),
        # Who asks for a date knows it.
        (
            {"shop": date(2026, 1, 31), "web": date(2026, 3, 31)},
            date(2026, 1, 31),
            False,
        ),
        # What is delivered monthly is not late.
        ({"shop": date(2026, 2, 28), "web": date(2026, 3, 31)}, None, False),
        # A date that has not been yet is a mistake.
        ({"shop": date(2026, 3, 30), "web": date(2062, 3, 31)}, None, False),
        ({"shop": date(2026, 1, 31)}, None, False),
    ],
)
def test_the_source_that_holds_the_others_back_is_named(tmp_path, ends, asked, is_said):
    deployment = Deployment(tmp_path, {"timezone": "UTC"}, {})
    with duckdb.connect() as connection:
        create_ops_tables(connection)
        rows = {
            "run_parameters": [{"as_of_date": asked}],
            "build_info": [{"as_of_date": min(ends.values())}],
            "loads": [
                {
                    **{"source_system": source, "control_amount": 1},
                    "loaded_at": datetime(2026, 4, 1),
                }
                for source in ends
            ],
        }
        for name, known in rows.items():
            empty = dict.fromkeys(connection.table(f"ops.{name}").columns)
            fill_ops_table(connection, name, [{**empty, **row} for row in known])
        connection.execute(
            "create schema core; create table core.fct_transactions"
            " (source_system varchar, transaction_date date)"
        )
        lines = [(source, min(ends.values())) for source in ends] + [*ends.items()]
        connection.executemany("insert into core.fct_transactions values (?, ?)", lines)
        told = held_back(connection, deployment)
    assert len(told) == is_said
    if is_said:
        assert (
            "after 2026-01-31 is in the marts, for there the data of shop end"
            in told[0]
        )
        assert "web until 2026-03-31; 1 of their transaction lines" in told[0]
        assert "`sources: {shop: false}`" in told[0]


def test_an_empty_mart_that_lacks_nothing_is_not_said_to_lack_rows(tmp_path):
    deployment = Deployment(tmp_path, {"timezone": "UTC"}, {})
    mart = {"table_name": "customer_loyalty", "status": "empty", "row_count": 0}
    with duckdb.connect() as connection:
        create_ops_tables(connection)
        connection.execute(
            "create schema core; create table core.fct_transactions"
            " (source_system varchar, transaction_date date, known_date date);"
            "create table ops.control_amounts (source_system varchar, table_name"
            " varchar, rows_overruled bigint, overruled_file_id integer,"
            " overruled_row_number bigint)"
        )
        fill_ops_table(
            connection,
            "mart_status",
            [{**mart, "needs": ["transactions"], "lacks": None}],
        )
        (told,) = worth_knowing(connection, deployment)
    assert told == (
        "marts.customer_loyalty is empty, though there is something of all that it "
        "needs (transactions): none of it is a row by what `crm explain "
        "customer_loyalty` says."
    )


@pytest.mark.parametrize(
    ("newest", "is_said"),
    [
        ({"rows_missing": 80, "is_whole": False}, True),
        ({"rows_missing": 50, "is_whole": True}, False),
        # That is said for the rows.
        ({"rows_missing": 80, "is_whole": False, "rows_rejected": 1}, False),
    ],
)
def test_the_newest_snapshot_is_said_to_be_cut_off(newest, is_said):
    loads = {
        1: {"rows_missing": 0, "is_whole": True},
        2: {"rows_missing": 99, "is_whole": False},
        3: newest,
    }
    told = told_of_snapshots(loads, days={1: 1, 2: 2, 3: 3})
    assert len(told) == is_said
    if is_said:
        assert told[0].startswith("shop.people: load 3 lacks 80 of the 100 rows before")
        assert "accepted_snapshots: [3]" in told[0]


@pytest.mark.parametrize(
    ("days", "repeated", "is_said"),
    [
        ({1: 1, 2: 2}, None, True),
        ({1: 2, 2: 1}, None, False),
        ({1: 1, 2: 3, 3: 2}, None, True),
        ({1: 1, 2: 3, 3: 3}, 2, False),
    ],
)
def test_the_newest_snapshot_is_the_last_one_delivered(days, repeated, is_said):
    """Which need not be the last that was landed."""
    loads = {
        n: {"loaded_at": datetime(2026, 1, n), "rows_missing": 80, "is_whole": n != 2}
        for n in days
    }
    assert bool(told_of_snapshots(loads, days, repeated)) == is_said


def told_of_snapshots(loads, days, repeated=None):
    """Return what is said of loads of one file each, delivered on these days."""
    tables = {
        "loads": [
            {
                **{"source_system": "shop", "table_name": "people", "load_id": load_id},
                **{"rows_before": 100, "rows_rejected": 0, **load},
            }
            for load_id, load in loads.items()
        ],
        "load_files": [
            {
                **{"load_id": load_id, "delivered_at": datetime(2026, 1, day)},
                "is_repeated": load_id == repeated,
            }
            for load_id, day in days.items()
        ],
    }
    with duckdb.connect() as connection:
        create_ops_tables(connection)
        for name, rows in tables.items():
            empty = dict.fromkeys(connection.table(f"ops.{name}").columns)
            fill_ops_table(connection, name, [{**empty, **row} for row in rows])
        return refused_deliveries(connection)


def test_files_that_no_contract_takes_are_named(tmp_path):
    folder = tmp_path / "exports" / "complete_journey"
    folder.mkdir(parents=True)
    for name in (
        "transactions_2018-01.csv.gz",
        "transaction_2018-02.csv.gz",
        ".hidden",
    ):
        (folder / name).touch()
    for number in range(9):
        stray = tmp_path / "exports" / "complete_journy" / f"{number}.csv"
        stray.parent.mkdir(exist_ok=True)
        stray.touch()
    told = list(gaps(load_deployment(tmp_path)))
    # Whose file is there is not said to lack one.
    assert (
        told[0] == "complete_journey.transactions is not landed yet: `crm run` does it."
    )
    assert not any("exports/complete_journey/transactions_" in text for text in told)
    ignored = [sentence for sentence in told if "ignored" in sentence]
    assert ignored[0].startswith("exports/complete_journey/transaction_2018-02.csv.gz")
    assert len(ignored) == 5
    assert "so are 5 more files" in told[-1]


@pytest.mark.parametrize(
    ("learnt", "said"),
    [
        ({}, "the columns Minutes, price."),
        ({"minutes": ()}, "the columns price."),
        ({"minutes": (), "cost": ("price",)}, None),
    ],
)
def test_columns_that_the_contract_has_learnt_since_are_not_unknown(
    tmp_path, monkeypatch, learnt, said
):
    shop = Shop(tmp_path)
    shop.export("sales.csv", "id,amount,note,Minutes,price\n1,1,a,5,2\n")
    shop.land()
    new = [Column(n, "integer", False, None, was=was) for n, was in learnt.items()]
    table = replace(SALES, columns=(*SALES.columns, *new))
    source = Source("shop", "UTC", "EUR", (table,), ())
    monkeypatch.setattr(notes, "active_sources", lambda _: [source])
    told = [text for text in gaps(shop.deployment) if "contract does not have" in text]
    assert told == (
        [f"shop.sales, load 1: its contract does not have {said}"] * bool(said)
    )


def test_columns_that_a_contract_has_misread_are_said(tmp_path, monkeypatch):
    shop = Shop(tmp_path)
    shop.export("sales.csv", "id,amount,note\n1,1.000,a\n")
    shop.land()
    text = Column("id", "varchar", False, None)
    table = replace(SALES, columns=(text, *SALES.columns[1:]))
    source = Source("shop", "UTC", "EUR", (table,), ())
    monkeypatch.setattr(notes, "active_sources", lambda _: [source])
    assert list(notes.landed_otherwise(shop.deployment)) == [
        "shop.sales, column id: up to load 1, the contract said otherwise how its "
        "values are written. A text such as 0007 was 7 then, and is 0007 now. If that "
        f"was wrong, delete the folders of these loads in {tmp_path}/raw/shop/sales "
        "while their files are below exports/, and the next run lands them as the "
        "contract is now."
    ]


def test_columns_that_landed_inside_others_are_said(tmp_path, monkeypatch):
    shop = Shop(tmp_path)
    shop.export("sales.jsonl", '{"id": 1, "amount": 1, "by": {"name": "Ann"}}\n')
    shop.land(columns=SALES.columns[:2])
    name = Column("by.name", "varchar", False, None)
    table = replace(SALES, columns=(*SALES.columns[:2], name))
    source = Source("shop", "UTC", "EUR", (table,), ())
    monkeypatch.setattr(notes, "active_sources", lambda _: [source])
    assert list(notes.landed_otherwise(shop.deployment)) == [
        "shop.sales, column by.name: up to load 1, the contract did not name it, and "
        "what there is of it was landed in by, as JSON; the column is empty there. To "
        "have it filled, delete the folders of these loads in "
        f"{tmp_path}/raw/shop/sales while their files are below exports/, and the next "
        "run lands them as the contract is now."
    ]


def test_who_may_not_write_may_look(grocer, monkeypatch, capsys):
    writable = os.access

    def access(path, mode: int) -> bool:
        return mode != os.W_OK and writable(path, mode)

    monkeypatch.setattr(os, "access", access)
    print_status(load_deployment(grocer))
    shown = capsys.readouterr().out
    assert "this user may not write" in shown
    assert "Problems" in shown


def test_hashes_that_cannot_be_remembered_are_no_error(tmp_path):
    deployment = Deployment(tmp_path, {}, {})
    deployment.build.write_text("a file where a folder must be")
    ExportCatalog(deployment).remember()


@pytest.mark.parametrize("damage", ["", "{", "{}", "[]"])
def test_a_damaged_record_is_one_message(crm, tmp_path, damage):
    record = tmp_path / "raw" / "complete_journey" / "coupons" / "000001" / "_load.json"
    record.parent.mkdir(parents=True)
    record.write_text(damage)
    outcome = crm(tmp_path, "status")
    assert outcome.returncode == 1
    assert f"{record}, the record of a load, is lost or damaged" in outcome.stderr
    assert "Traceback" not in outcome.stderr
