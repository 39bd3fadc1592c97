"""What a run knows of learned tables before it checks them, and what its check does."""

from datetime import date, timedelta
from functools import partial

import dagster as dg
import duckdb
import pytest

from dagster_project.checks import expectations_check
from dagster_project.learning import MODELS
from dagster_project.quality import check, verdict
from dagster_project.resources import RunLock
from dagster_project.suites import learned_suite
from dbt_models import load_deployment
from expectations.learned import TABLES
from tests.learned_tables import AS_OF, scores, write_build, write_published

CHURN = {"model": "churn", "table": "churn_scores"}
SEGMENTS = {"model": "market_segments", "table": "market_segment_members"}


@pytest.fixture
def deployment(tmp_path, monkeypatch):
    """Return a deployment that has learned and published the same before."""
    monkeypatch.setenv("CRM_DATA", str(tmp_path))
    found = load_deployment(tmp_path)
    write_build(found, scores())
    write_published(found, scores())
    return found


def unchecked(deployment, scored=CHURN):
    """Return why how many expectations are not checked."""
    results = check(deployment, learned_suite(deployment, **scored))
    assert all(result.is_met is not False for result in results)
    reasons = [result.observed for result in results if result.is_met is None]
    return {reason: reasons.count(reason) for reason in reasons}


def test_every_table_of_scores_has_a_suite():
    assert {module.scoring.TABLE for module in MODELS.values()} == set(TABLES)


@pytest.mark.parametrize("scored", [CHURN, SEGMENTS])
def test_the_last_run_is_compared_with(deployment, scored):
    assert unchecked(deployment, scored) == {}
    write_build(deployment, scores(), as_of_date=AS_OF + timedelta(days=40))
    assert unchecked(deployment, scored) == {}


@pytest.mark.parametrize("scored", [CHURN, SEGMENTS])
def test_without_a_publication_nothing_is_compared(deployment, scored):
    deployment.published_database.unlink()
    assert unchecked(deployment, scored) == {
        "nothing is published yet to compare with": 1
    }


def test_a_run_that_looks_less_far_is_not_compared(deployment):
    write_build(deployment, scores(shift=2), as_of_date=date(2026, 3, 30))
    assert unchecked(deployment) == {
        "what is published looks farther, up to 2026-03-31": 1
    }


def test_a_run_that_looks_back_is_not_compared(deployment):
    write_build(deployment, scores(shift=2), known_at=date(2026, 4, 5))
    assert unchecked(deployment) == {
        "a run that shows what was known earlier is compared with none": 1
    }


def test_a_publication_without_scores_is_not_compared(deployment):
    write_published(deployment, scores(0))
    assert unchecked(deployment) == {"the last run had nothing to score": 1}


@pytest.mark.parametrize(
    "change",
    [
        "alter table learned.churn_scores drop churn_probability",
        "drop table learned.churn_scores",
        "drop table ops.build_info",
    ],
)
def test_a_publication_of_another_version_is_not_compared(deployment, change):
    with duckdb.connect(deployment.published_database) as connection:
        connection.execute(change)
    ((reason, count),) = unchecked(deployment).items()
    assert reason.startswith("what is published is of another version")
    assert count == 1


def test_a_publication_that_cannot_be_read_is_not_compared(deployment):
    deployment.published_database.write_text("not a database")
    ((reason, count),) = unchecked(deployment).items()
    assert "cannot be read" in reason
    assert count == 1


def test_a_quote_in_the_path_is_part_of_it(tmp_path):
    found = load_deployment(tmp_path / "it's: here")
    found.data.mkdir()
    write_build(found, scores())
    write_published(found, scores())
    assert unchecked(found) == {}


def test_without_a_model_there_is_nothing_to_check(deployment):
    write_build(deployment, scores(0), {}, untrained_reason="36 are too few.")
    for scored, count in ((CHURN, 6), (SEGMENTS, 6)):
        suite = learned_suite(deployment, **scored)
        results = check(deployment, suite)
        assert verdict(suite, results) == (
            f"{count} not checked, because there is no model: 36 are too few"
        )


def test_without_customers_there_is_nothing_to_check(deployment):
    write_build(deployment, scores(0))
    assert unchecked(deployment) == {"there is nobody to score": 6}


def test_a_fault_is_named_with_its_way_out(deployment):
    write_build(deployment, scores() + 1)
    suite = learned_suite(deployment, **CHURN)
    said = verdict(suite, check(deployment, suite))
    assert "churn_probability is between 0 and 1 in every row: not met, 400" in said
    assert f"delete the model {deployment.models}/churn/0001 ," in said
    assert "change expectations/learned/churn_scores.py ; then run again" in said
    # What has shifted because of it is not what stops the run.
    assert "max_score_drift" not in said


@pytest.fixture
def downstream(deployment):
    """Return a function: run the check; has what depends on the scores been made?"""

    @dg.asset(key=["learned", "churn_scores"])
    def churn_scores() -> None: ...

    @dg.asset(deps=[churn_scores])
    def mart() -> None: ...

    suite = partial(learned_suite, **CHURN)
    expected = expectations_check(["learned", "churn_scores"], "There", suite)
    job = dg.Definitions(
        assets=[churn_scores, mart],
        asset_checks=[expected],
        resources={"lock": RunLock()},
        jobs=[dg.define_asset_job("all", dg.AssetSelection.all())],
    ).resolve_job_def("all")

    def run():
        result = job.execute_in_process(raise_on_error=False)
        made = {event.asset_key for event in result.get_asset_materialization_events()}
        (evaluation,) = result.get_asset_check_evaluations()
        return dg.AssetKey("mart") in made, evaluation

    return run


def test_what_has_shifted_is_said_and_stops_nothing(deployment, downstream):
    assert downstream()[1].passed
    write_build(deployment, scores(shift=1))
    is_made, evaluation = downstream()
    assert is_made
    assert not evaluation.passed
    assert evaluation.severity == dg.AssetCheckSeverity.WARN
    assert "worth a look, and stops nothing" in evaluation.description


def test_what_is_wrong_stops_what_depends_on_it(deployment, downstream):
    write_build(deployment, scores() + 1)
    is_made, evaluation = downstream()
    assert not is_made
    assert evaluation.severity == dg.AssetCheckSeverity.ERROR
