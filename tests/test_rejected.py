"""Refused rows from export to publication, and `crm rejects`."""

import gzip
import shutil

import duckdb
import pytest

from tests.fixtures import DEMOGRAPHIC_COLUMNS, TRANSACTION_COLUMNS

SALE = "1,300,70000,{},1,2.00,0,0,0,53,2018-01-02 15:00:00\n"
SALES = [SALE.format(product) for product in range(1, 150)]
MENDED_SALE = SALE.format(150)
BROKEN_SALE = MENDED_SALE.replace("2.00", "two")
HOUSEHOLD = "{},19-24,Under 15K,Renter,,1,1 Adult,0\n"
HOUSEHOLDS = [HOUSEHOLD.format(household) for household in range(3, 150)]


@pytest.fixture
def deployment(grocer, tmp_path):
    return shutil.copytree(grocer, tmp_path / "data")


@pytest.fixture(scope="module")
def refused(crm, grocer, tmp_path_factory):
    """Return a deployment with two refused rows, and what its run said."""
    data = shutil.copytree(grocer, tmp_path_factory.mktemp("refused") / "data")
    deliver(data, [*SALES, BROKEN_SALE], [HOUSEHOLD.format("one"), *HOUSEHOLDS])
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stderr
    return data, outcome.stdout


def deliver(data, sales, households):
    exports = data / "exports" / "complete_journey"
    header = ",".join(TRANSACTION_COLUMNS) + "\n"
    text = "".join([header, *sales])
    (exports / "transactions_2018-01.csv.gz").write_bytes(gzip.compress(text.encode()))
    header = ",".join(DEMOGRAPHIC_COLUMNS) + "\n"
    (exports / "demographics.csv").write_text("".join([header, *households]))


def query(data, sql):
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_nothing_refused(crm, grocer):
    outcome = crm(grocer, "rejects")
    assert outcome.returncode == 0
    assert "No row is refused" in outcome.stdout


def test_refused_rows_are_said_listed_and_published(crm, refused):
    data, said = refused
    assert "1 of 150 rows in exports/complete_journey/transactions_2018-01" in said
    assert "1 of 148 rows in exports/complete_journey/demographics.csv" in said
    assert "two" not in said
    assert query(
        data,
        """select source_system, table_name, path, column_name, reason, row_count,
            is_open from ops.rejects order by table_name desc""",
    ) == [
        (
            "complete_journey",
            "transactions",
            "complete_journey/transactions_2018-01.csv.gz",
            "sales_value",
            "not a value of type decimal(12, 2)",
            1,
            True,
        ),
        (
            "complete_journey",
            "demographics",
            "complete_journey/demographics.csv",
            "household_id",
            "not a value of type bigint",
            1,
            True,
        ),
    ]
    published = (data / "published/warehouse.duckdb").read_bytes()
    assert BROKEN_SALE.strip().encode() not in published
    assert "break the contract" in crm(data, "status").stdout

    listed = crm(data, "rejects", "complete_journey.transactions")
    assert listed.returncode == 0
    broken = BROKEN_SALE.strip()
    for word in ("transactions_2018-01.csv.gz", "151", "sales_value", broken):
        assert word in listed.stdout


def test_refused_rows_come_in_when_mended(crm, grocer, refused, tmp_path):
    data = shutil.copytree(refused[0], tmp_path / "data")
    households = [HOUSEHOLD.format(1), HOUSEHOLD.format(2), *HOUSEHOLDS]
    deliver(data, [*SALES, MENDED_SALE], households)
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stderr
    count = "select count(*) from core.fct_transactions"
    (whole,) = query(grocer, count)
    assert query(data, count) == [(whole[0] + 150,)]
    assert query(data, "select is_open from ops.rejects") == [(False,), (False,)]
    assert "No row is refused" in crm(data, "rejects").stdout


def test_a_row_refused_in_a_snapshot_is_not_a_row_deleted(refused):
    age = """select source_customer_id, age_band from core.dim_customers
        where source_customer_id in ('1', '2', '3') order by all"""
    ages = [("1", "35-44"), ("2", "35-44"), ("3", "19-24")]
    assert query(refused[0], age) == ages


def test_too_many_refused_rows_change_nothing_of_their_table(crm, deployment):
    contacts = "select count(*) from core.fct_touchpoints"
    before = query(deployment, contacts)
    path = deployment / "exports/complete_journey/campaigns.csv"
    path.write_text("campaign_id,household_id\n1,1\n1,two\n")
    outcome = crm(deployment, "run")
    assert outcome.returncode == 3
    assert "campaigns.csv: line 3, column household_id" in outcome.stderr
    assert "1 of 2 rows" in outcome.stderr
    assert query(deployment, contacts) == before
    listed = crm(deployment, "rejects").stdout
    assert "the last try to load it failed" in listed
    assert "1,two" in listed


def test_a_table_that_is_not_there(crm, grocer):
    outcome = crm(grocer, "rejects", "complete_journey.transaction")
    assert outcome.returncode == 1
    assert "Did you mean 'complete_journey.transactions'?" in outcome.stderr
