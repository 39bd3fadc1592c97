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


@pytest.fixture(scope="module")
def changed(crm, grocer, tmp_path_factory):
    """Return a deployment after a run with new lines and another parameter.

    And what a reader who had opened the publication found, before and after.
    """
    data = shutil.copytree(grocer, tmp_path_factory.mktemp("changed") / "data")
    when = datetime(2018, 1, 2, 15)
    export(data, "transactions_2018-01.csv.gz", [line(1, 70_000, 1, when, "10.00")])
    export(
        data,
        "transactions_2018-01b.csv.gz",
        [line(1, 70_000, 1, when, "4.00"), line(2, 70_001, 1, when, "1.50")],
    )
    (data / "settings.yml").write_text(
        "timezone: America/New_York\nrfm_window_days: 30\n"
    )
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as reader:
        before = reader.execute(TOTAL).fetchone()
        outcome = crm(data, "run", "--as-of", "2017-12-31")
        assert outcome.returncode == 0, outcome.stderr
        return data, before, reader.execute(TOTAL).fetchone()


def test_new_lines_add_and_corrected_lines_replace(changed):
    data, (money, count), _ = changed
    assert query(data, TOTAL) == (money + Decimal("5.50"), count + 2)
    # The superseded 10.00 is accounted for, and nothing after as_of_date is a KPI.
    assert query(
        data,
        "select count(*) from ops.reconciliation where difference_amount <> 0",
    ) == (0,)
    assert query(
        data,
        "select sum(kpi_value) from marts.kpi_daily where kpi = 'net_sales_amount'",
    ) == (money,)
    assert (
        query(data, "select max(as_of_date), min(as_of_date) from marts.customer_rfm")
        == (datetime(2017, 12, 31).date(),) * 2
    )


def test_a_reader_keeps_what_it_opened(changed):
    _, before, after = changed
    assert after == before


def test_another_parameter_holds_from_the_next_run_on(changed):
    data, *_ = changed
    window = (
        "select json_extract(parameters, '$.rfm_window_days')::int from ops.build_info"
    )
    assert query(data, window) == (30,)
    assert query(
        data, "select max(transaction_count) from marts.customer_rfm"
    ) < query(data, "select max(customers) from (select count(distinct "
              "transaction_key) as customers from core.fct_transactions group by "
              "customer_key)")  # fmt: skip
