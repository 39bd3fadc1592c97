"""A company without customer table or contacts, in another currency."""

import shutil
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.notes import worth_knowing
from dbt_models import load_deployment
from tests.fixtures import small_grocer
from tests.online_retail import LINES, small_wholesaler

# The whole real file, where a developer has it; it is not part of the project.
REAL = (
    Path(__file__).parents[2]
    / "shared/data/online_retail/online_retail_2010_2011.csv.gz"
)


def run(crm, data):
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    path = data / "published" / "warehouse.duckdb"
    return duckdb.connect(path, read_only=True)


# Of which nothing is learned.
SOME_MARTS = """select table_name, status, lacks from ops.mart_status
    where table_name in ('campaign_results', 'customer_rfm')
        or table_name like 'kpi%'"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    data = tmp_path_factory.mktemp("wholesaler")
    small_wholesaler(data)
    return data


@pytest.fixture(scope="module")
def wholesaler(data, crm):
    with run(crm, data) as connection:
        yield connection


def test_genuine_duplicates_stay(wholesaler):
    found = wholesaler.execute(
        "select count(*), count(distinct transaction_line_key), sum(net_amount) "
        "from core.fct_transactions"
    ).fetchone()
    money = sum(line[3] * Decimal(line[5]) for line in LINES)
    assert found == (len(LINES), len(LINES), money)


def test_line_types(wholesaler):
    types = wholesaler.execute(
        "select source_transaction_id, any_value(line_type), bool_and(is_return) "
        "from core.fct_transactions group by all order by all"
    ).fetchall()
    expected = dict.fromkeys(("500001", "500002", "500003", "500004", "500009"), "sale")
    expected |= {"C500005": "return", "C500006": "return"}
    expected |= {"A500007": "adjustment", "500008": "adjustment"}
    assert {id_: type_ for id_, type_, _ in types} == expected
    assert {id_ for id_, _, is_return in types if is_return} == {"C500005", "C500006"}


def test_a_return_points_to_its_sale(wholesaler):
    pairs = wholesaler.execute(
        """select returns.source_transaction_id, sales.source_transaction_id
        from core.fct_transactions as returns
        inner join core.fct_transactions as sales
            on returns.returned_line_key = sales.transaction_line_key"""
    ).fetchall()
    assert pairs == [("C500005", "500001")]


def test_marts_count_returns_as_their_rules_say(wholesaler):
    kpis = dict(
        wholesaler.execute(
            "select kpi, sum(kpi_value) from marts.kpi_monthly group by all"
        ).fetchall()
    )
    assert kpis["transaction_count"] == 5
    assert kpis["return_amount"] == Decimal("13.607")
    assert kpis["new_customer_count"] == 2
    rfm = wholesaler.execute(
        "select source_customer_id, transaction_count, rfm.net_amount "
        "from marts.customer_rfm as rfm inner join core.dim_customers "
        "using (customer_key) order by all"
    ).fetchall()
    assert rfm == [
        ("11", 2, Decimal("14.1390")),
        ("12", 2, Decimal("15.0000")),
    ]


def test_who_moves_has_versions(wholesaler):
    versions = wholesaler.execute(
        "select country, is_current from core.dim_customers_history "
        "where source_customer_id = '12' order by version_number"
    ).fetchall()
    assert versions == [("Spain", False), ("Italy", True)]


def test_the_newest_name_of_a_product_holds(wholesaler):
    names = dict(
        wholesaler.execute(
            "select source_product_id, product_name from core.dim_products"
        ).fetchall()
    )
    assert names["A1"] == "LANTERN"
    assert names["C3"] is None


def test_a_mart_that_lacks_its_entity_is_empty_and_says_so(wholesaler, data):
    assert wholesaler.execute(f"{SOME_MARTS} order by all").fetchall() == [
        (
            "campaign_results",
            "empty",
            "no source has campaigns; no source has touchpoints",
        ),
        ("customer_rfm", "complete", None),
        ("kpi_daily", "complete", None),
        ("kpi_definitions", "complete", None),
        ("kpi_monthly", "complete", None),
    ]
    notes = worth_knowing(wholesaler, load_deployment(data))
    assert (
        "no source has campaigns: lacking in marts.campaign_results (empty)." in notes
    )
    # A reason is said once, however many marts it concerns.
    (churn,) = (note for note in notes if note.startswith("no model churn: 0 examples"))
    assert "marts.customer_360 (partial), marts.customer_churn (partial)" in churn
    assert wholesaler.execute("from marts.campaign_results").fetchall() == []
    assert wholesaler.execute("from core.fct_touchpoints").fetchall() == []


def test_london_summer_time(wholesaler):
    assert wholesaler.execute(
        "select transaction_at::varchar, currency_code from core.fct_transactions "
        "where source_transaction_id = '500009'"
    ).fetchone() == ("2011-06-06 22:30:00", "GBP")


def test_two_currencies_need_a_rate(crm, tmp_path, grocer):
    data = shutil.copytree(grocer, tmp_path / "both")
    small_wholesaler(data)
    settings = data / "settings.yml"
    settings.write_text("timezone: America/New_York\n")
    outcome = crm(data, "run")
    assert outcome.returncode == 1
    assert "complete_journey (USD), online_retail (GBP)" in outcome.stderr
    settings.write_text("timezone: America/New_York\nbase_currency: USD\n")
    outcome = crm(data, "run")
    assert outcome.returncode == 1
    assert "online_retail (GBP) has no exchange rate to USD" in outcome.stderr
    settings.write_text(
        "timezone: America/New_York\nbase_currency: USD\nexchange_rates: {GBP: 1.25}\n"
    )
    lines = small_grocer(tmp_path / "again")
    dollars = sum(Decimal(line["sales_value"]) for line in lines)
    # Amounts have four decimals, line by line.
    converted = sum(
        (line[3] * Decimal(line[5]) * Decimal("1.25")).quantize(
            Decimal("0.0001"), ROUND_HALF_UP
        )
        for line in LINES
    )
    # The wholesaler's data end first, and with them the common as_of_date.
    with run(crm, data) as connection:
        assert connection.execute(
            "select sum(net_amount), max(as_of_date)::varchar "
            "from core.fct_transactions, ops.build_info"
        ).fetchone() == (dollars + converted, "2011-06-06")
        assert connection.execute(
            "select count(*) from ops.reconciliation where difference_amount <> 0"
        ).fetchone() == (0,)
        late = "of complete_journey begin on {}, after as_of_date 2011-06-06"
        campaigns = late.format("2017-11-01")
        transactions = f"transactions {late.format('2017-10-01')}"
        assert connection.execute(f"{SOME_MARTS} order by all").fetchall() == [
            (
                "campaign_results",
                "empty",
                f"no campaigns from online_retail; campaigns {campaigns}; "
                f"no touchpoints from online_retail; touchpoints {campaigns}",
            ),
            ("customer_rfm", "partial", transactions),
            ("kpi_daily", "partial", transactions),
            ("kpi_definitions", "complete", None),
            ("kpi_monthly", "partial", transactions),
        ]


@pytest.mark.skipif(not REAL.exists(), reason=f"the real file is not at {REAL.name}")
def test_the_real_year(crm, tmp_path):
    folder = tmp_path / "exports" / "online_retail"
    folder.mkdir(parents=True)
    (folder / REAL.name).symlink_to(REAL)
    with run(crm, tmp_path) as connection:
        assert connection.execute(
            """select
                count(*),
                count(distinct transaction_key),
                count(distinct nullif(customer_key, -1)),
                round(sum(net_amount), 2),
                round(sum(case when customer_key <> -1 then net_amount end), 2)
            from core.fct_transactions"""
        ).fetchone() == (
            541_909,
            25_900,
            4_372,
            Decimal("9747747.93"),
            Decimal("8300065.81"),
        )
        assert connection.execute(
            """select count(*), count(distinct customer_key), round(sum(net_amount), 2)
            from core.fct_transactions
            where
                customer_key <> -1 and not is_return
                and quantity > 0 and unit_price > 0"""
        ).fetchone() == (397_884, 4_338, Decimal("8911407.90"))
        assert connection.execute(
            "select count(*), count(returned_line_key) from core.fct_transactions "
            "where is_return"
        ).fetchone() == (9_288, 7_106)
        # No sale has more units returned than it had.
        assert connection.execute(
            """select count(*) from (
                select sales.transaction_line_key
                from core.fct_transactions as returned
                inner join core.fct_transactions as sales
                    on returned.returned_line_key = sales.transaction_line_key
                group by sales.transaction_line_key, sales.quantity
                having -sum(returned.quantity) > sales.quantity
            )"""
        ).fetchone() == (0,)
