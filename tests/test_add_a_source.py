"""The README's recipe "Add a source", followed with a tiny one that is nowhere else."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.project_copy import crm, project_with_corner_shop


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Return a copy of the project to which the source was added by the recipe."""
    return project_with_corner_shop(tmp_path_factory.mktemp("recipe") / "project")


@pytest.fixture(scope="module")
def published(project):
    crm(project, "run")
    path = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


def test_its_transactions_are_in_the_star(published):
    assert published.execute(
        """select source_line_id, source_customer_id, customer_key = -1,
            transaction_date::varchar, net_amount, is_return, currency_code
        from core.fct_transactions order by all"""
    ).fetchall() == [
        ("R1-1", "m1", False, "2026-01-10", 10, False, "EUR"),
        ("R1-2", "m1", False, "2026-01-10", Decimal("2.5"), False, "EUR"),
        ("R2-1", None, True, "2026-02-01", 4, False, "EUR"),
        ("R3-1", "m2", False, "2026-07-01", 8, False, "EUR"),
        ("R4-1", "m2", False, "2026-07-02", -8, True, "EUR"),
    ]


def test_its_calls_are_touchpoints(published):
    assert published.execute(
        """select source_touchpoint_id, channel_name, customer_key = -1, cost_amount,
            touchpoint_at::varchar
        from core.fct_touchpoints inner join core.dim_channels using (channel_key)
        order by all"""
    ).fetchall() == [
        ("C1", "Telephone", False, Decimal("0.3"), "2026-03-01 09:00:00"),
        ("C2", "Telephone", True, None, "2026-03-02 09:00:00"),
    ]


def test_marts_checks_and_money_follow(published):
    assert published.execute(
        "select count(*), sum(net_amount) from marts.customer_rfm"
    ).fetchone() == (2, Decimal("12.50"))
    assert published.execute(
        "select lacks from ops.mart_status where table_name = 'campaign_results'"
    ).fetchone() == ("no source has campaigns",)
    assert published.execute(
        "select count(*), sum(abs(difference_amount)) from ops.reconciliation "
        "where source_system in ('corner_shop', 'all')"
    ).fetchone() == (9, 0)
    checked = published.execute(
        "select distinct table_name from ops.quality_results order by all"
    ).fetchall()
    tables = ("calls", "members", "receipts")
    assert checked == [(f"raw_corner_shop.{table}",) for table in tables]


def test_it_is_explained(project, published):
    explained = crm(project, "explain", "fct_transactions.net_amount")
    assert "raw_corner_shop.receipts.amount" in explained
