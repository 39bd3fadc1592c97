"""A small grocer's warehouse, run once for all tests that only look at it."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import settings

from dbt_models import load_deployment
from tests.fixtures import small_grocer

# The same examples every time; `make test-thorough` looks for new ones.
settings.register_profile("some", max_examples=12, derandomize=True, database=None)
settings.register_profile("many", max_examples=300, database=None)
settings.load_profile("some")

CRM = Path(sys.executable).with_name("crm")
Crm = Callable[..., subprocess.CompletedProcess]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let who looks for new histories of builds, or for an old one, say which."""
    parser.addoption(
        "--seeds", default="1-4", help="of tests/test_fuzzed_builds.py: 17, or 5-50"
    )


@pytest.fixture(scope="session")
def crm() -> Crm:
    """Run the `crm` command in a process of its own, as a user does."""

    def run(data: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            [CRM, *arguments],
            env={**os.environ, "CRM_DATA": str(data)},
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that call `crm run` most often: they take longest.

    At the end of the suite one worker would be left with them.
    """
    runs = {path: path.read_text().count('"run"') for path in {i.path for i in items}}
    items.sort(key=lambda item: -runs[item.path])


@pytest.fixture(scope="session")
def grocer(tmp_path_factory: pytest.TempPathFactory, worker_id: str, crm: Crm) -> Path:
    """Return the data folder of a published small grocer; only look at it.

    Of several workers the first one runs it, and each has a copy.
    """
    own = tmp_path_factory.mktemp("grocer") / "data"
    if worker_id == "master":
        return _run_grocer(own, crm)
    shared = tmp_path_factory.getbasetemp().parent / "grocer"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not load_deployment(shared).published_database.exists():
            _run_grocer(shared, crm)
    return shutil.copytree(shared, own)


def _run_grocer(data: Path, crm: Crm) -> Path:
    small_grocer(data)
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return data


@pytest.fixture(scope="session")
def published(grocer: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to the published small grocer."""
    path = load_deployment(grocer).published_database
    return duckdb.connect(path, read_only=True)
