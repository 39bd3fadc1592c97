"""The demo's known totals, from the published file of a whole run."""

import fcntl
from decimal import Decimal

import duckdb
import pytest

from dbt_models import WarehouseError, load_deployment
from ingest.demos import complete_journey

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


@pytest.fixture
def quick(monkeypatch):
    """Let the demo write empty files: what they hold does not matter here."""
    monkeypatch.setattr(complete_journey, "_TRANSACTIONS", "select 1")
    monkeypatch.setattr(complete_journey, "_write", lambda _, __, path: path.touch())


def test_a_demo_that_is_killed_leaves_no_exports(tmp_path, quick, monkeypatch):
    deployment = load_deployment(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(complete_journey, "_write", killed_at("transactions_2017-05"))
        with pytest.raises(KeyboardInterrupt):
            complete_journey.write_exports(deployment)
    assert not complete_journey.has_exports(deployment)
    assert not (tmp_path / "exports" / "complete_journey").exists()
    files = complete_journey.write_exports(deployment)
    assert len(files) == 18
    assert sorted((tmp_path / "exports" / "complete_journey").iterdir()) == sorted(
        files
    )
    assert "America/New_York" in (tmp_path / "settings.yml").read_text()


def killed_at(name: str):
    def write(_, __, path):
        if path.name.startswith(name):
            raise KeyboardInterrupt
        path.touch()

    return write


def test_a_demo_writes_over_nothing(tmp_path, quick):
    deployment = load_deployment(tmp_path)
    mine = tmp_path / "exports" / "complete_journey" / "products.parquet"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(WarehouseError, match=r"already holds files \(products.parquet"):
        complete_journey.write_exports(deployment)
    assert mine.read_text() == "mine"


def test_hidden_files_are_no_exports(tmp_path, quick):
    folder = tmp_path / "exports" / "complete_journey"
    folder.mkdir(parents=True)
    hidden = [folder.parent / ".DS_Store", folder / ".DS_Store"]
    for path in hidden:
        path.write_text("mine")
    complete_journey.write_exports(load_deployment(tmp_path))
    assert [path.read_text() for path in hidden] == ["mine", "mine"]


def test_a_demo_is_told_to_wait_for_a_run(crm, tmp_path):
    with (tmp_path / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        outcome = crm(tmp_path, "demo", "complete-journey")
    assert outcome.returncode == 1
    assert "another run is going on" in outcome.stderr
    assert not (tmp_path / "exports").exists()
