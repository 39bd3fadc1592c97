"""Refused rows from export to publication, and `crm rejects`."""

import gzip
import shutil

import duckdb
import pytest

from tests.fixtures import DEMOGRAPHIC_COLUMNS


@pytest.fixture
def deployment(grocer, tmp_path):
    return shutil.copytree(grocer, tmp_path / "data")


def query(data, sql):
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_nothing_refused(crm, grocer):
    outcome = crm(grocer, "rejects")
    assert outcome.returncode == 0
    assert "No row is refused" in outcome.stdout


def test_refused_rows_are_said_listed_published_and_come_in_when_mended(
    crm, deployment
):
    (whole,) = query(deployment, "select count(*) from core.fct_transactions")
    path = deployment / "exports/complete_journey/transactions_2018-01.csv.gz"
    with gzip.open(
        deployment / "exports/complete_journey/transactions_2017-12.csv.gz", "rt"
    ) as stream:
        header = stream.readline()
    good = "1,300,70000,{},1,2.00,0,0,0,53,2018-01-02 15:00:00\n"
    lines = [good.format(product) for product in range(1, 150)]
    broken = good.format(150).replace("2.00", "two")
    path.write_bytes(gzip.compress("".join([header, *lines, broken]).encode()))

    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    assert "1 of 150 rows in exports/complete_journey/transactions_2018-01" in (
        outcome.stdout
    )
    assert "two" not in outcome.stdout
    assert query(
        deployment,
        """select source_system, table_name, path, column_name, reason, row_count,
            is_open from ops.rejects""",
    ) == [
        (
            "complete_journey",
            "transactions",
            "complete_journey/transactions_2018-01.csv.gz",
            "sales_value",
            "not a value of type decimal(12, 2)",
            1,
            True,
        )
    ]
    published = (deployment / "published/warehouse.duckdb").read_bytes()
    assert broken.strip().encode() not in published
    assert "break the contract" in crm(deployment, "status").stdout

    listed = crm(deployment, "rejects", "complete_journey.transactions")
    assert listed.returncode == 0
    for word in ("transactions_2018-01.csv.gz", "151", "sales_value", broken.strip()):
        assert word in listed.stdout

    lines.append(good.format(150))
    path.write_bytes(gzip.compress("".join([header, *lines]).encode()))
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    count = "select count(*) from core.fct_transactions"
    assert query(deployment, count) == [(whole[0] + 150,)]
    assert query(deployment, "select is_open from ops.rejects") == [(False,)]
    assert "No row is refused" in crm(deployment, "rejects").stdout


def test_a_row_refused_in_a_snapshot_is_not_a_row_deleted(crm, deployment):
    header = ",".join(DEMOGRAPHIC_COLUMNS) + "\n"
    row = "{},19-24,Under 15K,Renter,,1,1 Adult,0\n"
    rows = [row.format(household) for household in range(3, 150)]
    path = deployment / "exports/complete_journey/demographics.csv"
    path.write_text(header + row.format("one") + "".join(rows))
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    age = """select source_customer_id, age_band from core.dim_customers
        where source_customer_id in ('1', '2', '3') order by all"""
    assert query(deployment, age) == [("1", "35-44"), ("2", "35-44"), ("3", "19-24")]


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
