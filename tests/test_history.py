"""Dagster's history of runs: the same as Dagster's own would be, wherever it lies."""

import shutil
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance
from dagster._core.storage.event_log import SqliteEventLogStorage

from dagster_project.history import RunHistory

TABLE = AssetKey(["core", "fct_transactions"])


@pytest.fixture
def home(grocer, tmp_path):
    """Return a moved deployment's history of one run."""
    return Path(shutil.copytree(grocer / "dagster", tmp_path / "dagster"))


def events(storage, run) -> list:
    return [
        record.event_log_entry for record in storage.get_records_for_run(run).records
    ]


def test_dagster_itself_reads_what_was_kept(home, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with DagsterInstance.get() as instance:
        # The page's: it watches files, which a connection that stays open leaves alone.
        own = instance.event_log_storage
        assert type(own) is SqliteEventLogStorage
        storage = RunHistory(str(home))
        (run,) = instance.get_run_ids()
        assert len(events(storage, run)) > 100
        assert events(own, run) == events(storage, run)
        assert own.get_asset_records([TABLE]) == storage.get_asset_records([TABLE])


def test_of_many_runs_few_stay_open(home):
    storage = RunHistory(str(home))
    for run in ("one", "two", "three"):
        assert events(storage, run) == []
    assert len(storage._engines) <= 2
    storage.dispose()
    assert not list((home / "history" / "runs").glob("three.db-*"))
