"""Customers under contract, in five workbooks: who they are, nothing they bought."""

from decimal import Decimal

import duckdb
import pytest

from dbt_models import load_deployment
from ingest.contracts.sources import read_sources
from tests.shared_data import needs, run_alone

CUSTOMERS = 7_043


def contract():
    (source,) = (source for source in read_sources() if source.name == "telco")
    return source


def test_the_contract():
    tables = {table.name: table for table in contract().tables}
    assert contract().entities == ("customers",)
    assert contract().currency == "USD"
    assert {table.delivery for table in tables.values()} == {"snapshot"}
    assert {table.key for table in tables.values()} == {("Customer ID",), ("Zip Code",)}
    personal = {c.name for t in tables.values() for c in t.columns if c.personal}
    assert personal == {
        *("Age", "City", "Gender", "Lat Long", "Latitude", "Longitude", "Zip Code")
    }


def test_what_leaks_the_answer_says_so():
    (statuses,) = (t for t in contract().tables if t.name == "statuses")
    assert "none of these columns may be learnt from" in statuses.description


@pytest.fixture(scope="module")
def data(tmp_path_factory, crm):
    """Return the folder of a deployment that has nothing but this source."""
    return run_alone("telco", tmp_path_factory.mktemp("telco"), crm)


@pytest.fixture(scope="module")
def published(data):
    path = load_deployment(data).published_database
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def build(data):
    """Return the pipeline's own database: staging is not published."""
    path = load_deployment(data).build_database
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


@needs("telco")
def test_all_is_landed(published):
    assert published.execute(
        "select table_name, rows_loaded, unknown_columns from ops.loads "
        "where rows_rejected = 0 order by all"
    ).fetchall() == [
        ("demographics", CUSTOMERS, None),
        ("locations", CUSTOMERS, None),
        ("populations", 1_671, None),
        ("services", CUSTOMERS, None),
        ("statuses", CUSTOMERS, None),
    ]


@needs("telco")
def test_who_they_are(published):
    def counts(column):
        return dict(
            published.execute(
                f"select {column}, count(*) from core.dim_customers "
                "where source_system = 'telco' group by all"
            ).fetchall()
        )

    assert counts("customer_type") == {"person": CUSTOMERS}
    assert counts("country") == {"United States": CUSTOMERS}
    assert counts("marital_status") == {"Married": 3_402, "Unmarried": 3_641}
    bands = counts("age_band")
    assert sum(bands.values()) == CUSTOMERS
    assert bands["65+"] == 1_142
    assert published.execute(
        "select count(*) from core.dim_customers_history where customer_key <> -1"
    ).fetchone() == (CUSTOMERS,)


@needs("telco")
def test_a_warehouse_without_transactions_is_one(published):
    assert published.execute("from core.fct_transactions").fetchall() == []
    assert published.execute(
        "select count(*), count(rfm_segment), count(distinct as_of_date) "
        "from marts.customer_360"
    ).fetchone() == (CUSTOMERS, 0, 1)
    assert published.execute(
        "select status, lacks from ops.mart_status where table_name = 'customer_rfm'"
    ).fetchone() == ("empty", "no source has transactions")
    assert published.execute(
        "select max(abs(difference_amount)) from ops.reconciliation"
    ).fetchone() == (0,)


@needs("telco")
def test_what_they_have_and_pay_is_staged(build):
    assert build.execute(
        """select
            count(*), count(distinct customer_id), count(last_offer),
            count(internet_type), count(*) filter (where has_internet),
            max(tenure_months), sum(monthly_charge), sum(total_revenue),
            count(*) filter (
                where total_revenue <> total_charges - total_refunds
                    + total_extra_data_charges + total_long_distance_charges
            )
        from staging.stg_telco__services"""
    ).fetchone() == (
        *(CUSTOMERS, CUSTOMERS, CUSTOMERS - 3_877, 5_517, 5_517, 72),
        *(Decimal("456116.60"), Decimal("21371131.69"), 0),
    )


@needs("telco")
def test_who_left_and_what_gives_it_away(build):
    statuses = build.execute(
        """select
            customer_status, has_churned, count(*), count(churn_reason),
            count(churn_category), min(satisfaction_score), max(satisfaction_score)
        from staging.stg_telco__statuses group by all order by all"""
    ).fetchall()
    assert statuses == [
        ("Churned", True, 1_869, 1_869, 1_869, 1, 3),
        ("Joined", False, 454, 0, 0, 3, 5),
        ("Stayed", False, 4_720, 0, 0, 3, 5),
    ]


@needs("telco")
def test_every_home_has_a_population(build):
    assert build.execute(
        """select count(*), count(populations.population)
        from staging.stg_telco__locations as locations
        left join staging.stg_telco__populations as populations using (zip_code)"""
    ).fetchone() == (CUSTOMERS, CUSTOMERS)


@needs("telco")
def test_where_they_live_is_not_published(published):
    names = {
        name
        for (name,) in published.execute(
            "select column_name from duckdb_columns() where schema_name <> 'ops'"
        ).fetchall()
    }
    staged = {"age_years", "city", "gender", "latitude", "longitude", "zip_code"}
    assert names.isdisjoint(staged)
