"""dbt's commands in forked processes: what they say, how they end, what they see."""

import signal

from dagster_project.dbt_process import DbtProcess


def said(process: DbtProcess) -> str:
    with process.stdout:
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


def test_a_command_can_be_stopped():
    process = DbtProcess(["--version"])
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert process.returncode == -signal.SIGKILL
