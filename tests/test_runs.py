"""What a run does to a deployment: nothing twice, nothing by halves."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.conftest import CRM
from tests.fixtures import line, small_grocer, write_transactions

TOTAL = "select sum(net_amount), count(*) from core.fct_transactions"


@pytest.fixture
def deployment(grocer, tmp_path):
    """Return a copy of the published small grocer that a test may change."""
    return shutil.copytree(grocer, tmp_path / "data")


def query(data: Path, sql: str):
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(sql).fetchone()


def digest(data: Path) -> str:
    published = (data / "published" / "warehouse.duckdb").read_bytes()
    return hashlib.sha256(published).hexdigest()


def export(data: Path, name: str, lines: list) -> Path:
    return write_transactions(data / "exports" / "complete_journey" / name, lines)


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


def test_two_rows_of_one_key_in_one_file_stop_the_run(crm, deployment):
    """Nobody can say which of them is right, and dropping one loses money."""
    before = digest(deployment)
    when = datetime(2018, 1, 2, 15)
    twice = [line(1, 70_000, 1, when, "2.00"), line(1, 70_000, 1, when, "1.00")]
    export(deployment, "transactions_2018-01.csv.gz", twice)
    outcome = crm(deployment, "run")
    assert outcome.returncode == 1
    assert "money_is_conserved" in outcome.stderr
    assert digest(deployment) == before


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


def test_a_planted_fault_stops_what_depends_on_it(crm, deployment):
    before = digest(deployment)
    faulty = [
        line(1, basket, 1, datetime(2018, 1, 2), "-3.00")
        for basket in range(80_000, 80_100)
    ]
    path = export(deployment, "transactions_2018-01.csv.gz", faulty)
    outcome = crm(deployment, "run")
    assert outcome.returncode == 1
    assert "complete_journey/transactions: " in outcome.stderr
    assert "sales_value" in outcome.stderr
    assert "column_values_to_be_between" in outcome.stderr
    assert "int_transactions" not in outcome.stdout
    assert digest(deployment) == before
    # The message's way out: take the file and its load away.
    words = outcome.stderr.split()
    (load,) = {Path(w) for w in words if w.startswith(f"{deployment}/raw/")}
    path.unlink()
    shutil.rmtree(load)
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    assert digest(deployment) == before


def test_an_as_of_date_without_data_is_refused(crm, deployment):
    before = digest(deployment)
    outcome = crm(deployment, "run", "--as-of", "2019-06-30")
    assert outcome.returncode == 1
    assert "choose another --as-of" in outcome.stderr
    assert "last_complete_date 2017-12-31" in outcome.stderr
    assert "None" not in outcome.stderr + outcome.stdout
    assert digest(deployment) == before


def test_a_second_run_is_told_to_wait(crm, deployment):
    export(deployment, "transactions_2018-01.csv.gz", [])
    with (deployment / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write("4711")
        stream.flush()
        outcome = crm(deployment, "run")
    assert outcome.returncode == 1
    assert "another run is going on" in outcome.stderr
    assert "4711" in outcome.stderr


@pytest.mark.parametrize("moment", ["complete_journey.transactions", "core.dim_"])
def test_a_killed_run_leaves_nothing_half_done(crm, deployment, moment):
    money, count = query(deployment, TOTAL)
    before = digest(deployment)
    export(
        deployment,
        "transactions_2018-01.csv.gz",
        [line(1, 70_000, 1, datetime(2018, 1, 2), "10.00")],
    )
    run = subprocess.Popen(
        [CRM, "run"],
        env={**os.environ, "CRM_DATA": str(deployment), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for shown in run.stdout:
        if moment in shown:
            break
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert run.returncode == -signal.SIGKILL
    assert digest(deployment) == before
    assert "interrupted" in crm(deployment, "status").stdout
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    assert query(deployment, TOTAL) == (money + 10, count + 1)


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


def test_bad_surroundings_are_said_in_one_message(crm, tmp_path):
    unwritable = tmp_path / "unwritable"
    small_grocer(unwritable)
    (unwritable / "build").write_text("a file where a folder must be")
    cases = {
        "crm demo complete-journey": crm(tmp_path / "empty", "run"),
        f"{unwritable}/build cannot be used": crm(unwritable, "run"),
        "/dev/null/data": crm(Path("/dev/null/data"), "demo", "complete-journey"),
        "nothing is published": crm(tmp_path / "empty", "sql", "select 1"),
        "--as-of must be a date": crm(unwritable, "run", "--as-of", "yesterday"),
    }
    for message, outcome in cases.items():
        assert outcome.returncode == 1, message
        assert message in outcome.stderr
        assert "Traceback" not in outcome.stderr, message
    small_grocer(tmp_path / "unknown")
    (tmp_path / "unknown" / "settings.yml").write_text("timezon: UTC\n")
    outcome = crm(tmp_path / "unknown", "run")
    assert "Did you mean 'timezone'?" in outcome.stderr
    outcome = crm(tmp_path / "unknown", "--debug", "run")
    assert "Traceback" in outcome.stderr


def test_a_bad_file_is_named_and_stops_the_run(crm, deployment):
    before = digest(deployment)
    bad = deployment / "exports" / "complete_journey" / "transactions_2018-01.csv.gz"
    bad.write_bytes(b"not gzipped at all")
    outcome = crm(deployment, "run")
    assert outcome.returncode == 1
    assert "exports/complete_journey/transactions_2018-01.csv.gz" in outcome.stderr
    assert "not gzipped" in outcome.stderr
    assert digest(deployment) == before
    status = crm(deployment, "status")
    assert status.returncode == 0
    assert "did not succeed (failure)" in status.stdout
    bad.unlink()
