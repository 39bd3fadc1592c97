"""Runs that fail, are killed or interrupted: what was published stays."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import CRM
from tests.fixtures import line, small_grocer
from tests.grocer_runs import TOTAL, digest, export, query
from tests.project_copy import crm as crm_of_copy
from tests.project_copy import project_with_corner_shop


@pytest.fixture
def deployment(grocer, tmp_path):
    """Return a copy of the published small grocer that a test may change."""
    return shutil.copytree(grocer, tmp_path / "data")


def test_two_rows_of_one_key_in_one_file_stop_the_run(crm, deployment):
    """Nobody can say which of them is right, and dropping one loses money."""
    before = digest(deployment)
    when = datetime(2018, 1, 2, 15)
    twice = [line(1, 70_000, 1, when, "2.00"), line(1, 70_000, 1, when, "1.00")]
    export(deployment, "transactions_2018-01.csv.gz", twice)
    outcome = crm(deployment, "run")
    assert outcome.returncode == 1
    assert "money_is_conserved" in outcome.stderr
    assert (
        "Rows 1 and 2 of exports/complete_journey/transactions_2018-01.csv.gz have one "
        "key ("
    ) in outcome.stderr
    assert digest(deployment) == before
    # The message's way out: mend the file, and delete what was landed of it.
    export(deployment, "transactions_2018-01.csv.gz", twice[:1])
    (load,) = re.findall(r"delete (/\S+) while", outcome.stderr)
    shutil.rmtree(load)
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr


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


def stopped(deployment, moment, number):
    """Stop a run by a signal when it shows a table, and return what it said of it."""
    run = subprocess.Popen(
        [CRM, "run"],
        env={**os.environ, "CRM_DATA": str(deployment), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert any(moment in shown for shown in run.stdout)
    if number == signal.SIGKILL:
        # Alone: what it has started must not stand in the way of the next run.
        os.kill(run.pid, number)
        run.wait()
        assert run.returncode == -number
        return None
    # Ctrl-C reaches all that a terminal has started.
    os.killpg(run.pid, number)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1
    return said


@pytest.mark.faults
def test_stopped_runs_leave_nothing_half_done(crm, deployment):
    """Each of them takes up what the one before has left, and gets further."""
    money, count = query(deployment, TOTAL)
    before = digest(deployment)
    export(
        deployment,
        "transactions_2018-01.csv.gz",
        [line(1, 70_000, 1, datetime(2018, 1, 2), "10.00")],
    )
    for moment, number in (
        ("complete_journey.transactions", signal.SIGKILL),
        ("core.dim_", signal.SIGKILL),
        ("core.dim_", signal.SIGINT),
    ):
        said = stopped(deployment, moment, number)
        assert digest(deployment) == before
        assert "did not succeed" in crm(deployment, "status").stdout
    assert "it was interrupted" in said
    assert "Traceback" not in said
    outcome = crm(deployment, "run")
    assert outcome.returncode == 0, outcome.stderr
    assert query(deployment, TOTAL) == (money + 10, count + 1)


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


def test_a_first_delivery_with_a_renamed_column_says_how_to_follow_it(tmp_path):
    project = project_with_corner_shop(tmp_path / "project")
    receipts = project / "data/exports/corner_shop/receipts_1.csv"
    receipts.write_text(receipts.read_text().replace("member", "card"))
    said = crm_of_copy(project, "run", code=1)
    assert "- exports/corner_shop/receipts_1.csv: wrong header: " in said
    assert "RefusedDeliveryError" not in said
    assert "If member has another name now" in said
    assert "(config: {meta: {was: [member]}})" in said


@pytest.mark.parametrize("reason", ["Not a gzipped file", "cannot be read"])
def test_a_bad_file_is_named_and_the_other_tables_go_on(crm, deployment, reason):
    before, total = digest(deployment), query(deployment, TOTAL)
    bad = deployment / "exports" / "complete_journey" / "transactions_2018-01.csv.gz"
    if reason == "cannot be read":
        bad.symlink_to("gone")
    else:
        bad.write_bytes(b"not gzipped at all")
    outcome = crm(deployment, "run")
    assert outcome.returncode == 3
    assert "exports/complete_journey/transactions_2018-01.csv.gz" in outcome.stderr
    assert reason in outcome.stderr
    assert query(deployment, TOTAL) == total
    assert digest(deployment) != before
    status = crm(deployment, "status")
    assert status.returncode == 0
    problems = status.stdout.partition("Problems")[2]
    assert "transactions_2018-01.csv.gz" in problems
    # Until it is mended, nothing is as it should be.
    again = crm(deployment, "run")
    assert (again.returncode, "Nothing new" in again.stdout) == (3, True)
    assert "transactions_2018-01.csv.gz" in again.stderr
    bad.unlink()
