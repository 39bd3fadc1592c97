"""The pipeline of a company that sells to companies: open, lost and won."""

import csv
from collections import Counter
from decimal import Decimal

import duckdb
import pytest

from dagster_project.notes import gaps
from dbt_models import load_deployment
from ingest.contracts.sources import read_sources
from tests.shared_data import needs, run_alone


def contract():
    (source,) = (source for source in read_sources() if source.name == "crm_sales")
    return source


def test_the_contract():
    tables = {table.name: table for table in contract().tables}
    assert contract().entities == ("customers", "products", "transactions")
    assert contract().currency == "USD"
    assert {table.delivery for table in tables.values()} == {"snapshot"}
    opportunities = tables["opportunities"]
    assert opportunities.key == ("opportunity_id",)
    # An open opportunity has neither day nor value.
    assert opportunities.required.isdisjoint({"account", "close_date", "close_value"})


@pytest.fixture(scope="module")
def data(tmp_path_factory, crm):
    """Return the folder of a deployment that has nothing but this source."""
    return run_alone("crm_sales", tmp_path_factory.mktemp("crm_sales"), crm)


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


@pytest.fixture(scope="module")
def files(data):
    """Return the rows of each file as it was given."""
    rows = {}
    for path in (data / "exports" / "crm_sales").iterdir():
        with path.open(newline="") as stream:
            rows[path.stem] = list(csv.DictReader(stream))
    return rows


@needs("crm_sales")
def test_all_is_landed(published, files):
    assert dict(
        published.execute(
            "select table_name, rows_loaded from ops.loads where rows_rejected = 0"
        ).fetchall()
    ) == {"accounts": 85, "products": 7, "sales_teams": 35, "opportunities": 8_800}
    # What the publisher says of the columns is about those of the contract.
    names = {"sales_pipeline": "opportunities"}
    explained = {
        (names.get(row["Table"], row["Table"]), row["Field"])
        for row in files["data_dictionary"]
    }
    assert explained == {
        (table.name, column) for table in contract().tables for column in table.types
    }


@needs("crm_sales")
def test_a_file_without_data_is_named(data):
    assert list(gaps(load_deployment(data))) == [
        "exports/crm_sales/data_dictionary.csv matches no table of any contract and is "
        "ignored."
    ]


@needs("crm_sales")
def test_the_whole_pipeline_is_staged(build):
    assert build.execute(
        """select opportunity_status, count(*), count(*) - count(account_id),
            count(engage_date), count(close_date), sum(close_value)
        from staging.stg_crm_sales__opportunities group by all order by all"""
    ).fetchall() == [
        ("lost", 2_473, 0, 2_473, 2_473, 0),
        ("open", 2_089, 1_425, 1_589, 0, None),
        ("won", 4_238, 0, 4_238, 4_238, 10_005_534),
    ]


@needs("crm_sales")
def test_every_opportunity_finds_its_product_agent_and_company(build):
    assert build.execute(
        """select
            count(*), count(products.product_id), count(teams.sales_agent_id),
            count(accounts.account_id), count(opportunities.account_id)
        from staging.stg_crm_sales__opportunities as opportunities
        left join staging.stg_crm_sales__products as products using (product_id)
        left join staging.stg_crm_sales__sales_teams as teams using (sales_agent_id)
        left join staging.stg_crm_sales__accounts as accounts using (account_id)"""
    ).fetchone() == (8_800, 8_800, 8_800, 7_375, 7_375)


@needs("crm_sales")
def test_what_was_won_is_sold(published, files):
    prices = {row["product"]: int(row["sales_price"]) for row in files["products"]}
    prices["GTXPro"] = prices["GTX Pro"]
    gross = sum(
        max(int(row["close_value"]), prices[row["product"]])
        for row in files["sales_pipeline"]
        if row["deal_stage"] == "Won"
    )
    assert published.execute(
        """select
            count(*), count(distinct transaction_key), sum(quantity),
            sum(net_amount), sum(gross_amount), sum(gross_amount - discount_amount),
            min(discount_amount),
            count(*) filter (where customer_key = -1 or product_key = -1),
            min(transaction_date)::varchar, max(transaction_date)::varchar
        from core.fct_transactions where line_type = 'sale'"""
    ).fetchone() == (
        *(4_238, 4_238, 4_238, 10_005_534),
        *(gross, 10_005_534, 0, 0, "2017-03-01", "2017-12-31"),
    )
    sold = published.execute(
        """select product_name, department, count(*), sum(net_amount)
        from core.fct_transactions inner join core.dim_products using (product_key)
        group by all order by all"""
    ).fetchall()
    assert sold == [
        ("GTK 500", "GTK", 15, 400_612),
        ("GTX Basic", "GTX", 915, 499_263),
        ("GTX Plus Basic", "GTX", 653, 705_275),
        ("GTX Plus Pro", "GTX", 479, 2_629_651),
        ("GTX Pro", "GTX", 729, 3_510_578),
        ("MG Advanced", "MG", 654, 2_216_387),
        ("MG Special", "MG", 793, 43_768),
    ]
    assert published.execute(
        "select count(*), max(abs(difference_amount)) from ops.reconciliation "
        "where source_system in ('crm_sales', 'all')"
    ).fetchone() == (9, 0)


@needs("crm_sales")
def test_the_buyers_are_companies(published, files):
    customers = published.execute(
        """select customer_id, customer_type, country from core.dim_customers
        where customer_key <> -1"""
    ).fetchall()
    assert {row[0] for row in customers} == {
        f"crm_sales:{row['account']}" for row in files["accounts"]
    }
    assert Counter(row[1] for row in customers) == {"company": 85}
    countries = Counter(row[2] for row in customers)
    assert countries.pop("United States") == 71
    others = "Belgium Brazil China Germany Italy Japan Jordan Kenya Korea Norway Panama"
    assert countries == Counter([*others.split(), "Philippines", "Poland", "Romania"])
    assert published.execute(
        "select count(*), sum(net_amount) from marts.customer_rfm"
    ).fetchone() == (85, Decimal(10_005_534))


@needs("crm_sales")
def test_what_was_mistyped_is_nowhere(build, published):
    wrong = {
        word
        for (word,) in build.execute(
            "select wrong_value from staging.stg_crm_sales__corrections"
        ).fetchall()
    }
    assert wrong == {"GTXPro", "Philipines", "technolgy"}
    columns = published.execute(
        """select schema_name || '.' || table_name, column_name from duckdb_columns()
        where data_type = 'VARCHAR' and schema_name in ('core', 'features', 'marts')"""
    ).fetchall()
    for table, column in columns:
        found = published.execute(
            f'select count(*) from {table} where list_contains($1, "{column}")',
            [sorted(wrong)],
        ).fetchone()
        assert found == (0,), (table, column)
    assert {
        sector
        for (sector,) in build.execute(
            "select sector from staging.stg_crm_sales__accounts"
        ).fetchall()
    } == {
        *("employment", "entertainment", "finance", "marketing", "medical", "retail"),
        *("services", "software", "technology", "telecommunications"),
    }
