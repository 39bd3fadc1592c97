"""Which lists there are, who is on them, and what people may call them."""

import duckdb
import pytest

from dagster_project.lists import segments
from dagster_project.lists.people import count_people, write_people
from dagster_project.lists.segments import (
    Segment,
    find_segment,
    read_segments,
    show_segments,
    slug,
)
from dbt_models import WarehouseError

SEGMENTS = [
    Segment("rfm", "rfm_segment", "At risk"),
    Segment("rfm", "rfm_segment", "New customers"),
    Segment("churn-risk", "churn_risk", "high"),
    Segment("loyalty", "loyalty_tier", "high"),
    Segment("market", "market_segment", "Größe/Marken"),
    Segment("market", "market_segment", "A-B"),
    Segment("market", "market_segment", "a b"),
]


@pytest.mark.parametrize(
    ("typed", "kind", "name"),
    [
        ("At risk", "rfm", "At risk"),
        ("at-risk", "rfm", "At risk"),
        ("AT_RISK", "rfm", "At risk"),
        (" at  risk ", "rfm", "At risk"),
        ("rfm/at-risk", "rfm", "At risk"),
        ("RFM / At Risk", "rfm", "At risk"),
        ("churn-risk/high", "churn-risk", "high"),
        ("Churn risk high", "churn-risk", "high"),
        ("loyalty/high", "loyalty", "high"),
        ("größe marken", "market", "Größe/Marken"),
        ("GRÖSSE/MARKEN", "market", "Größe/Marken"),
        # Spelled exactly, where that tells two apart.
        ("A-B", "market", "A-B"),
        ("market/a b", "market", "a b"),
    ],
)
def test_names_are_understood_as_marketers_type_them(typed, kind, name):
    found = find_segment(SEGMENTS, typed)
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("at rsk", "nobody is in a segment 'at rsk'. Did you mean 'at-risk'?"),
        ("zzzzzz", "nobody is in a segment 'zzzzzz'. `crm lists` shows what there is."),
        ("", "nobody is in a segment ''. `crm lists` shows"),
        ("high", "say which: 'churn-risk/high', 'loyalty/high'."),
        ("a/b", "say which: 'market/A-B', 'market/a b'."),
    ],
)
def test_other_names_are_told_what_there_is(typed, sentence):
    with pytest.raises(WarehouseError) as caught:
        find_segment(SEGMENTS, typed)
    assert sentence in str(caught.value)


def test_a_name_makes_no_path():
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("王 様/1") == "王-様-1"


@pytest.fixture
def warehouse(monkeypatch):
    """Return people of two sources: one asks for consent, the other does not."""
    monkeypatch.setattr(
        segments, "_list_columns", lambda: {"rfm": "rfm_segment", "tier": "tier"}
    )
    with duckdb.connect() as connection:
        connection.execute(
            """create schema marts;
            create table marts.customer_360 as from (values
                (1, 'asks:1', 'At risk', 7, -1.50::decimal(9, 2)),
                (2, 'asks:2', 'At risk', 7, 2.00),
                (3, 'silent:3', 'At risk', null, 3.00),
                (4, 'asks:4', 'Lost', 7, null),
                (5, 'asks:5', null, null, null)
            ) as customers (customer_key, customer_id, rfm_segment, tier, net_amount);
            create table customer_contacts as from (values
                (1, 'asks:1', null, 'a@x.example', true),
                (2, 'asks:2', 'No', 'b@x.example', false),
                (3, 'silent:3', null, null, null),
                (4, 'asks:4', null, null, false),
                (5, 'asks:5', null, null, true)
            ) as contacts (
                customer_key, customer_id, contact_name, email, may_be_contacted)"""
        )
        show_segments(connection)
        yield connection


def test_marked_columns_make_the_lists(warehouse):
    found = read_segments(warehouse)
    assert [(x.kind, x.name) for x in found] == [
        ("rfm", "At risk"),
        ("rfm", "Lost"),
        ("tier", "7"),
    ]
    assert warehouse.execute(
        "select customers, allowed, unknown from list_segments where kind = 'rfm' "
        "order by segment"
    ).fetchall() == [(3, 1, 1), (1, 0, 0)]


def test_where_some_consent_is_not_known_some_are_unknown(warehouse, tmp_path):
    at_risk, lost, tier = read_segments(warehouse)
    assert count_people(warehouse, at_risk) == (2, 1, 1)
    assert count_people(warehouse, lost) == (0, 1, 0)
    assert count_people(warehouse, tier) == (1, 2, 0)
    path = tmp_path / "list.csv"
    write_people(warehouse, at_risk, path)
    # No name is on it, so there is no column of names.
    assert path.read_bytes() == (
        b"\xef\xbb\xbfcustomer_id,rfm_segment,tier,net_amount,email\r\n"
        b"asks:1,At risk,7,-1.50,a@x.example\r\n"
        b"silent:3,At risk,,3.00,\r\n"
    )


def test_a_publication_without_the_columns_is_said():
    with (
        duckdb.connect() as connection,
        pytest.raises(WarehouseError, match="`crm run` publishes it anew"),
    ):
        show_segments(connection)


def test_the_mart_marks_its_columns():
    assert segments._list_columns()["rfm"] == "rfm_segment"
