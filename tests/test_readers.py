"""Readers of the published file while a run swaps it."""

import os
import shutil
import stat
import subprocess
import sys

import duckdb
import pytest

from dagster_project.publishing import publish
from dbt_models import load_deployment

COUNT = "select count(*) from marts.customer_rfm"


@pytest.fixture
def deployment(grocer, tmp_path):
    """Return a copy of the published small grocer that a test may publish anew."""
    return load_deployment(shutil.copytree(grocer, tmp_path / "data"))


@pytest.fixture
def rows(published):
    """Return the rows that readers see before the swap; there are none after it."""
    return published.execute(COUNT).fetchone()


def publish_without_customers(deployment):
    with duckdb.connect(deployment.build_database) as build:
        build.execute("delete from marts.customer_rfm")
    publish(deployment, None)


def count(connection):
    return connection.execute(COUNT).fetchone()


def in_another_process(code, deployment):
    outcome = subprocess.run(
        [sys.executable, "-c", code, str(deployment.published_database)],
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.stdout.strip()


def test_an_open_connection_keeps_the_version_it_opened(deployment, rows):
    path = deployment.published_database
    with duckdb.connect(path, read_only=True) as held:
        assert count(held) == rows
        publish_without_customers(deployment)
        assert count(held) == rows
        # Another program sees the new one, while this one reads on.
        code = (
            "import duckdb, sys; "
            "reader = duckdb.connect(sys.argv[1], read_only=True); "
            f"print(reader.execute('{COUNT}').fetchone()[0])"
        )
        assert in_another_process(code, deployment) == "0"
        assert count(held) == rows


def test_in_one_process_the_old_version_lives_until_it_is_closed(deployment, rows):
    # What the README tells notebook users.
    path = deployment.published_database
    first = duckdb.connect(path, read_only=True)
    publish_without_customers(deployment)
    with duckdb.connect(path, read_only=True) as second:
        assert count(second) == rows
    first.close()
    with duckdb.connect(path, read_only=True) as third:
        assert count(third) == (0,)


def test_nobody_may_write_to_the_published_file(grocer):
    path = load_deployment(grocer).published_database
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    if os.geteuid() != 0:
        with pytest.raises(duckdb.IOException, match="Permission denied"):
            duckdb.connect(path)


def test_changes_of_a_killed_writer_do_not_reach_the_next_publication(deployment):
    path = deployment.published_database
    path.chmod(0o644)
    code = (
        "import duckdb, os, sys; writer = duckdb.connect(sys.argv[1]); "
        "writer.execute('create table marts.mine as select 1 as one'); "
        "writer.execute('delete from core.dim_products'); "
        "os._exit(0)"
    )
    in_another_process(code, deployment)
    assert path.with_name(f"{path.name}.wal").exists()
    publish(deployment, None)
    with duckdb.connect(path, read_only=True) as reader:
        assert reader.execute(
            "select count(*) > 0 from core.dim_products"
        ).fetchone() == (True,)
        assert "mine" not in str(reader.execute("show all tables").fetchall())
