"""dbt's manifest and what a failed build says."""

import json
import shutil

import duckdb
import pytest

from dagster_project.dbt import (
    read_manifest,
    results_path,
    start,
    target_path,
)
from dagster_project.dbt_failures import build_failures
from dbt_models import load_deployment


@pytest.fixture
def deployment(grocer, tmp_path):
    return load_deployment(shutil.copytree(grocer, tmp_path / "data"))


def result(deployment, name: str) -> dict:
    """Return what a build would say of a test, with its compiled SQL."""
    nodes = read_manifest(deployment)["nodes"]
    (unique_id,) = (node for node in nodes if f".{name}" in node)
    (compiled,) = results_path(deployment).rglob(f"compiled/**/{name}*.sql")
    return {"unique_id": unique_id, "compiled_code": compiled.read_text()}


def test_a_build_does_not_touch_the_parsed_manifest(grocer):
    # Killed while it writes, it would leave half of it for all later runs.
    target = target_path(load_deployment(grocer))
    parsed = (target / "parsed_from").stat().st_mtime_ns
    assert (target / "manifest.json").stat().st_mtime_ns <= parsed


def test_a_copied_deployment_is_not_parsed_anew(deployment, tmp_path):
    cache = target_path(deployment) / "partial_parse.msgpack"
    options = ("--partial-parse-file-path", str(cache))
    with start(deployment, "ls", *options, target=tmp_path / "ls") as listing:
        said = listing.stdout.read().decode()
        assert listing.wait() == 0, said
    assert "dim_customers" in said
    assert "Unable to do partial parsing" not in said


def test_a_failed_test_shows_the_step_that_loses_money(deployment):
    with duckdb.connect(deployment.build_database) as connection:
        connection.execute(
            """update ops.reconciliation
            set difference_amount = -12.5 where step like '% kpi_daily'"""
        )
    failed = result(deployment, "money_is_conserved")
    failed |= {"status": "fail", "message": "Got 1 result"}
    path = results_path(deployment) / "run_results.json"
    path.write_text(json.dumps({"results": [failed]}))
    (problem,) = build_failures(deployment)
    assert "to kpi_daily" in problem
    assert "difference_amount -12.5000" in problem


def test_a_build_that_did_not_begin_points_to_the_log(deployment):
    (results_path(deployment) / "run_results.json").unlink()
    (problem,) = build_failures(deployment)
    assert "the whole log says why" in problem


@pytest.mark.parametrize(
    ("known_at", "rows"), [("null", 0), ("timestamp '2016-01-01'", 1)]
)
def test_nothing_known_yet_is_no_warehouse(deployment, known_at, rows):
    sql = result(deployment, "as_of_date_is_covered")["compiled_code"]
    with duckdb.connect(deployment.build_database) as connection:
        connection.execute(f"update ops.run_parameters set known_at = {known_at}")
        connection.execute(
            """update conformed.int_as_of_date set as_of_date = null,
                first_transaction_date = null, last_complete_date = null"""
        )
        assert len(connection.execute(sql).fetchall()) == rows
