"""The published file: what others do to it never outlasts a run."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import duckdb
import pytest

from dagster_project.publishing import publish
from dagster_project.runs import is_current
from dbt_models import load_deployment
from ingest.builds import Asked
from tests.conftest import CRM

LINES = "select count(*), sum(net_amount) from core.fct_transactions"


@pytest.fixture
def deployment(grocer, tmp_path):
    return load_deployment(shutil.copytree(grocer, tmp_path / "data"))


def read(path: Path) -> tuple:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(LINES).fetchone()


def test_what_a_killed_session_wrote_does_not_reach_the_next_publication(deployment):
    path = deployment.published_database
    whole = read(path)
    child = os.fork()
    if child == 0:
        connection = duckdb.connect(path)
        connection.execute("delete from core.fct_transactions where quantity > 1")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert read(path) < whole
    assert not is_current(deployment, Asked())
    assert publish(deployment, None) == path
    assert read(path) == whole
    assert path.stat().st_mode & 0o777 == 0o444


def foreign(path: Path) -> None:
    path.unlink()
    duckdb.connect(path).close()


def emptied(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("delete from ops.build_info")


@pytest.mark.parametrize(
    "damage",
    [lambda p: p.write_bytes(b""), lambda p: p.write_bytes(bytes(9_999))]
    + [foreign, emptied],
    ids=["empty", "damaged", "foreign", "without its record"],
)
def test_a_file_that_cannot_be_read_is_said_and_published_anew(crm, deployment, damage):
    path = deployment.published_database
    whole = read(path)
    path.chmod(0o644)
    damage(path)
    for command in (["sql", "select 1"], ["status"]):
        outcome = crm(deployment.data, *command)
        said = outcome.stdout + outcome.stderr
        assert f"{path} cannot be read" in said
        assert "Traceback" not in said
    assert not is_current(deployment, Asked())
    publish(deployment, None)
    assert read(path) == whole


def test_a_file_that_is_open_for_writing_is_said(crm, deployment):
    path = deployment.published_database
    path.chmod(0o644)
    with duckdb.connect(path):
        outcome = crm(deployment.data, "sql", "select 1")
        assert outcome.returncode == 1
        assert f"PID {os.getpid()}" in outcome.stderr
        assert "open the file read-only" in outcome.stderr
        status = crm(deployment.data, "status")
        assert status.returncode == 0
        assert "Last runs" in status.stdout


def test_sources_that_are_switched_off_do_not_count(deployment):
    assert is_current(deployment, Asked())
    # Landed, and switched off since.
    (load,) = deployment.raw.glob("*/transactions/*")
    other = deployment.raw / "online_retail" / "invoice_lines" / "000099"
    shutil.copytree(load, other)
    record = (other / "_load.json").read_text()
    (other / "_load.json").write_text(
        record.replace('"complete_journey"', '"online_retail"')
    )
    settings = deployment.data / "settings.yml"
    settings.write_text(settings.read_text() + "sources: {online_retail: false}\n")
    assert is_current(load_deployment(deployment.data), Asked())


def test_a_part_of_the_run_publishes_nothing(deployment):
    before = deployment.published_database.read_bytes()
    dagster = CRM.with_name("dagster")
    select = ["--select", "published/warehouse", "-m", "dagster_project.definitions"]
    outcome = subprocess.run(
        [dagster, "asset", "materialize", *select],
        env={**os.environ, "CRM_DATA": str(deployment.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode != 0
    assert "only a run of everything may publish" in outcome.stdout + outcome.stderr
    assert deployment.published_database.read_bytes() == before
