"""The suites of learned tables tell what is wrong from what has shifted."""

import duckdb
import numpy as np
import pytest

from dbt_models import load_deployment
from expectations.suite import Suite
from expectations.suites import learned_expectations
from expectations.validation import validate
from tests.learned_tables import SEGMENTS, scores, write_build, write_published

IN_RANGE = "churn_probability is between 0 and 1 in every row"
FILLED = "churn_probability is never empty"
DRIFT = "churn probabilities are spread over customers as in the last run"
MEAN = "the average churn probability fits"
KNOWN = "every customer's segment is in market_segment_names"
EMPTIED = "no segment is emptied"
KEPT = "each segment has at least 10 % as many members as in the last run"


@pytest.fixture
def deployment(tmp_path):
    return load_deployment(tmp_path)


def check(deployment, table, change=None, params=None):
    """Return all results of a learned table, after a change of the build."""
    if change:
        with duckdb.connect(deployment.build_database) as connection:
            connection.execute(change)
    parameters = {**deployment.params, **(params or {})}
    expectations = learned_expectations(table, parameters)
    last_run = deployment.published_database
    suite = Suite("learned", table, expectations, "", last_run=last_run)
    results = validate(deployment, suite)
    # Nothing is left open: the next writer comes.
    for path in (deployment.build_database, last_run):
        duckdb.connect(path).close()
    return results


def broken(results):
    return {
        result.description: result for result in results if result.is_met is not True
    }


def index_by_hand(before, now):
    """Return the population stability index over the deciles of before."""
    edges = np.quantile(before, np.arange(1, 10) / 10, method="inverted_cdf")
    then, later = (
        np.bincount(np.searchsorted(edges, values), minlength=10).clip(0.5)
        / len(values)
        for values in (before, now)
    )
    return float(np.sum((later - then) * np.log(later / then)))


def test_scores_like_those_of_the_last_run_are_as_expected(deployment):
    write_build(deployment, scores(seed=1))
    write_published(deployment, scores(seed=2))
    results = check(deployment, "churn_scores")
    assert len(results) == 6
    assert not broken(results)
    (drift,) = [r for r in results if r.description.startswith(DRIFT)]
    assert drift.observed.endswith(", at most 0.25")


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ("churn_probability = 1.2 where customer_key = 1", [IN_RANGE]),
        ("churn_probability = -0.1 where customer_key = 1", [IN_RANGE]),
        ("churn_probability = 'nan' where customer_key = 1", [IN_RANGE]),
        ("churn_probability = null where customer_key = 1", [FILLED]),
        ("churn_probability = null", [FILLED]),
        ("customer_key = null where customer_key = 1", ["customer_key is never empty"]),
        ("as_of_date = null where customer_key = 1", ["as_of_date is never empty"]),
    ],
)
def test_each_fault_of_scores_stops_the_run(deployment, change, faults):
    write_build(deployment, scores())
    write_published(deployment, scores())
    found = broken(
        check(deployment, "churn_scores", f"update learned.churn_scores set {change}")
    )
    stops = [text for text, result in found.items() if result.is_blocking]
    assert len(stops) == len(faults)
    for fault in faults:
        assert any(text.startswith(fault) for text in stops)


@pytest.mark.parametrize(
    "change",
    ["churn_probability / 20", "1 - churn_probability", "null"],
)
def test_an_average_far_from_what_was_learnt_is_said(deployment, change):
    write_build(deployment, scores())
    write_published(deployment, scores())
    sql = f"update learned.churn_scores set churn_probability = {change}"
    found = broken(check(deployment, "churn_scores", sql))
    (mean,) = [result for text, result in found.items() if text.startswith(MEAN)]
    # A season can do it.
    assert not mean.is_blocking


@pytest.mark.parametrize("shift", [0.1, 0.4, 0.5, 0.8, 1.2])
def test_drift_is_the_population_stability_index(deployment, shift):
    before, now = scores(400, seed=1), scores(350, seed=2, shift=shift)
    write_published(deployment, before)
    write_build(deployment, now)
    by_hand = index_by_hand(before, now)
    (drift,) = [
        result
        for result in check(deployment, "churn_scores")
        if result.description.startswith(DRIFT)
    ]
    assert float(drift.observed.partition(",")[0]) == pytest.approx(by_hand, abs=5e-4)
    assert drift.is_met is (by_hand <= 0.25)
    assert not drift.is_blocking
    assert drift.defined_in == "settings.yml (max_score_drift)"


def test_a_deployment_decides_how_much_drift_is_worth_a_look(deployment):
    before, now = scores(4_000, seed=1), scores(4_000, seed=2, shift=0.3)
    write_published(deployment, before)
    write_build(deployment, now)
    most = index_by_hand(before, now) * 100
    for bound, count in ((int(most), 1), (int(most) + 1, 0)):
        params = {"max_score_drift": bound}
        assert len(broken(check(deployment, "churn_scores", params=params))) == count


def test_chance_among_few_customers_is_no_drift(deployment):
    found = []
    for seed in range(20):
        before, now = scores(40, seed=seed), scores(40, seed=100 + seed)
        write_published(deployment, before)
        write_build(deployment, now)
        found.append(len(broken(check(deployment, "churn_scores"))))
    assert sum(found) <= 2


def test_equal_scores_are_one_class(deployment):
    before = np.repeat([0.1, 0.3], [300, 100])
    write_published(deployment, before)
    write_build(deployment, np.repeat([0.1, 0.3], [150, 50]))
    assert not broken(check(deployment, "churn_scores"))
    write_build(deployment, np.repeat([0.1, 0.3], [50, 150]))
    (drift,) = broken(check(deployment, "churn_scores")).values()
    # (0.25 - 0.75) ln(0.25 / 0.75) + (0.75 - 0.25) ln(0.75 / 0.25)
    assert drift.observed == "1.099, at most 0.25"


def test_a_decile_that_nobody_is_in_counts_as_half_a_customer(deployment):
    write_published(deployment, np.repeat([0.1, 0.3], [300, 100]))
    write_build(deployment, np.repeat([0.1], [400]))
    (drift,) = broken(check(deployment, "churn_scores")).values()
    by_hand = (1 - 0.75) * np.log(1 / 0.75)
    by_hand += (0.5 / 400 - 0.25) * np.log(0.5 / 400 / 0.25)
    assert drift.observed == f"{round(by_hand, 3)}, at most 0.25"


@pytest.mark.parametrize(
    ("members", "faults"),
    [
        (SEGMENTS, {}),
        ({1: 35, 2: 36}, {}),
        ({1: 4, 2: 67}, {}),
        ({1: 3, 2: 68}, {KEPT: "Segment 1: 3 of 40"}),
        ({1: 71}, {EMPTIED: "Segment 2: 0", KEPT: "Segment 2: 0 of 30"}),
        ({1: 40, 2: 30, 9: 1}, {KNOWN: "1 rows break it"}),
        ({1: 40, 2: 30, None: 1}, {"market_segment_id is never empty": "1 of 71"}),
    ],
)
def test_segments(deployment, members, faults):
    write_published(deployment, scores(), SEGMENTS)
    write_build(deployment, scores(), members)
    results = check(deployment, "market_segment_members")
    assert len(results) == 6
    found = broken(results)
    assert all(result.is_blocking for result in found.values())
    assert len(found) == len(faults)
    for fault, observed in faults.items():
        (text,) = [text for text in found if text.startswith(fault)]
        assert found[text].observed.startswith(observed)


def test_a_deployment_decides_what_a_segment_may_lose(deployment):
    write_published(deployment, scores())
    write_build(deployment, scores(), {1: 19, 2: 52})
    for bound, count in ((50, 1), (53, 0), (100, 0), (200, 0)):
        params = {"max_segment_loss_percent": bound}
        found = broken(check(deployment, "market_segment_members", params=params))
        assert len(found) == count


def test_a_segment_that_is_given_up_or_new_is_not_compared(deployment):
    write_published(deployment, scores(), {1: 40, 2: 30, 7: 100})
    write_build(deployment, scores())
    assert not broken(check(deployment, "market_segment_members"))
