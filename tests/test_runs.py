"""What a run does to a deployment: nothing twice, nothing by halves."""

import os
import shutil
import subprocess
from datetime import datetime
from decimal import Decimal

import duckdb
import pytest

from tests.conftest import CRM
from tests.fixtures import line, small_grocer
from tests.grocer_runs import TOTAL, digest, export, query


@pytest.fixture
def deployment(grocer, tmp_path):
    """Return a copy of the published small grocer that a test may change."""
    return shutil.copytree(grocer, tmp_path / "data")


def test_nothing_new_leaves_the_publication_byte_for_byte(crm, deployment):
    before = digest(deployment)
    # A file that is only touched is not new.
    next(deployment.glob("exports/*/transactions*")).touch()
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    assert "Nothing new" in outcome.stdout
    assert digest(deployment) == before


def test_nothing_new_imports_nothing_heavy(deployment):
    code = (
        "import sys; from dagster_project.cli import main\n"
        "main(['run'], standalone_mode=False)\n"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'pandas'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    outcome = subprocess.run(
        [CRM.with_name("python"), "-c", code],
        env={**os.environ, "CRM_DATA": str(deployment)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr


def test_dated_deliveries_follow_undated_ones_and_may_be_corrected(
    crm, deployment, tmp_path
):
    first, *_ = small_grocer(tmp_path / "same")
    corrected = {**first, "sales_value": "0.55"}
    export(deployment, "transactions_2018-01-05.csv.gz", [corrected])
    folder = deployment / "exports" / "complete_journey"
    households = (folder / "demographics.csv").read_text()
    assert "\n1,35-44," in households
    for age in ("45-54", "55-64"):
        (folder / "demographics_2018-01-05.csv").write_text(
            households.replace("\n1,35-44,", f"\n1,{age},")
        )
        outcome = crm(deployment, "run")
        assert outcome.returncode == 0, outcome.stderr
    amount = (
        "select net_amount from core.fct_transactions where source_line_id = "
        f"'{first['basket_id']}-{first['product_id']}'"
    )
    assert query(deployment, amount) == (Decimal("0.55"),)
    assert query(
        deployment,
        """select list((age_band, valid_from::date::varchar) order by valid_from)
        from core.dim_customers_history where source_customer_id = '1'""",
    ) == ([("35-44", "1900-01-01"), ("55-64", "2018-01-05")],)


def test_new_lines_add_and_corrected_lines_replace(crm, deployment):
    money, count = query(deployment, TOTAL)
    when = datetime(2018, 1, 2, 15)
    export(
        deployment, "transactions_2018-01.csv.gz", [line(1, 70_000, 1, when, "10.00")]
    )
    export(
        deployment,
        "transactions_2018-01b.csv.gz",
        [line(1, 70_000, 1, when, "4.00"), line(2, 70_001, 1, when, "1.50")],
    )
    outcome = crm(deployment, "run", "--as-of", "2017-12-31")
    assert outcome.returncode == 0, outcome.stderr
    assert query(deployment, TOTAL) == (money + Decimal("5.50"), count + 2)
    # The superseded 10.00 is accounted for, and nothing after as_of_date is a KPI.
    assert query(
        deployment,
        "select count(*) from ops.reconciliation where difference_amount <> 0",
    ) == (0,)
    assert query(
        deployment,
        "select sum(kpi_value) from marts.kpi_daily where kpi = 'net_sales_amount'",
    ) == (money,)
    assert (
        query(
            deployment,
            "select max(as_of_date), min(as_of_date) from marts.customer_rfm",
        )
        == (datetime(2017, 12, 31).date(),) * 2
    )


def test_known_at_shows_an_earlier_state_beside_the_publication(crm, deployment):
    before = digest(deployment)
    loads = sorted(deployment.glob("raw/*/*/*"))
    export(
        deployment,
        "transactions_2018-01.csv.gz",
        [line(1, 70_000, 1, datetime(2018, 1, 2), "10.00")],
    )
    outcome = crm(deployment, "run", "--known-at", "2017-10-31")
    assert outcome.returncode == 0, outcome.stderr
    path = deployment / "published" / "as-known" / "2017-10-31" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute(
            "select max(transaction_date)::varchar, count(*) > 0 "
            "from core.fct_transactions"
        ).fetchone() == ("2017-10-31", True)
    assert digest(deployment) == before
    assert sorted(deployment.glob("raw/*/*/*")) == loads


def test_a_reader_keeps_what_it_opened(crm, deployment):
    path = deployment / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as reader:
        before = reader.execute(TOTAL).fetchone()
        (deployment / "settings.yml").write_text(
            "timezone: America/New_York\nrfm_window_days: 30\n"
        )
        assert crm(deployment, "run").returncode == 0
        assert reader.execute(TOTAL).fetchone() == before
    window = (
        "select json_extract(parameters, '$.rfm_window_days')::int from ops.build_info"
    )
    assert query(deployment, window) == (30,)
    assert query(
        deployment, "select max(transaction_count) from marts.customer_rfm"
    ) < query(deployment, "select max(customers) from (select count(distinct "
              "transaction_key) as customers from core.fct_transactions group by "
              "customer_key)")  # fmt: skip
