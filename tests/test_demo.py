"""The demo's known totals, from the published file of a whole run."""

from decimal import Decimal

import duckdb
import pytest

TRANSACTIONS = {
    "count(*)": 1_469_307,
    "count(distinct transaction_key)": 155_848,
    "count(distinct customer_key)": 2_469,
    "sum(net_amount)": Decimal("4596039.58"),
    "count(distinct date_part('year', transaction_date))": 1,
    "count(*) filter (quantity = 0)": 8_869,
    "count(*) filter (quantity > 1000)": 13_494,
    # 11,226 in the package, and 20 lines of float noise below 1e-14.
    "count(*) filter (net_amount = 0)": 11_246,
    "count(*) filter (product_key = -1)": 4_836,
    # In UTC they are in 2018.
    "count(*) filter (date_part('year', transaction_at) = 2018)": 534,
}
TABLES = {
    "core.dim_customers where age_band is not null": 801,
    "core.dim_customers where customer_key <> -1": 2_469,
    "core.fct_touchpoints where direction = 'outbound'": 6_589,
    "core.fct_touchpoints where direction = 'inbound'": 2_102,
    "(select distinct customer_key from core.fct_touchpoints)": 1_559,
    """(
        select distinct customer_key from core.fct_touchpoints
        where direction = 'inbound'
    )""": 410,
    # Each coupon counts once, whatever stands twice.
    "core.dim_campaigns where coupon_count is not null": 27,
    "ops.reconciliation where difference_amount <> 0": 0,
    "marts.kpi_monthly where is_partial_period": 0,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory, crm):
    data = tmp_path_factory.mktemp("demo")
    for arguments in (["demo", "complete-journey"], ["run"]):
        outcome = crm(data, *arguments)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


def test_known_totals_come_out_of_sql(demo):
    row = demo.execute(f"select {', '.join(TRANSACTIONS)} from core.fct_transactions")
    assert dict(zip(TRANSACTIONS, row.fetchone(), strict=True)) == TRANSACTIONS


@pytest.mark.parametrize("table", TABLES)
def test_known_counts_come_out_of_sql(demo, table):
    found = demo.execute(f"select count(*) from {table}").fetchone()[0]
    assert found == TABLES[table]


def test_kpis_add_up_to_the_total(demo):
    for table in ("kpi_daily", "kpi_monthly"):
        total = demo.execute(
            f"select sum(kpi_value) from marts.{table} where kpi = 'net_sales_amount'"
        ).fetchone()[0]
        assert total == Decimal("4596039.58"), table


def test_a_demo_never_mixes_with_other_exports(crm, tmp_path):
    other = tmp_path / "exports" / "till" / "lines.csv"
    other.parent.mkdir(parents=True)
    other.write_text("a\n1\n")
    outcome = crm(tmp_path, "demo", "complete-journey")
    assert outcome.returncode == 1
    assert "already holds other exports (till)" in outcome.stderr
    assert list(tmp_path.rglob("*.csv*")) == [other]
    # `make run` leaves a folder that has exports alone.
    outcome = crm(tmp_path, "demo", "complete-journey", "--if-empty")
    assert outcome.returncode == 0
    assert list(tmp_path.rglob("*.csv*")) == [other]
