"""dbt's commands in forked processes: what they say, how they end, what they see."""

from dagster_project.dbt import start
from dagster_project.dbt_process import DbtProcess
from dbt_models import load_deployment


def said(process: DbtProcess) -> str:
    return process.stdout.read().decode()


def test_a_command_says_what_dbt_says_and_ends_well():
    process = DbtProcess(["--version"])
    assert "duckdb" in said(process)
    assert process.wait() == 0


def test_a_command_that_dbt_does_not_know_ends_with_a_reason():
    process = DbtProcess(["biuld"])
    assert "No such command 'biuld'" in said(process)
    assert process.wait() == 2


def test_a_command_works_in_the_environment_of_the_moment(tmp_path, monkeypatch):
    for folder in ("first", "second"):
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path / folder))
        assert str(tmp_path / folder) in said(DbtProcess(["parse"]))


def test_a_command_does_not_outlive_its_with(tmp_path):
    deployment = load_deployment(tmp_path)
    with start(deployment, "parse", target=tmp_path / "target") as process:
        assert b"Running with dbt" in process.stdout.readline()
    assert process.wait() != 0
