"""The churn model on frames made here, of which the truth is known."""

import numpy as np
import pandas as pd
import pytest

from ml.churn.estimator import churn_probability, contributions, fit_churn
from ml.churn.evaluation import evaluate, measure, predictable_dates
from ml.churn.measures import REASONS, churn_measures
from ml.churn.scoring import compute
from ml.churn.training import train
from ml.frames import NoModelError, Past

HORIZON = pd.Timedelta(days=30)
PARAMS = {"churn_horizon_days": 30, "churn_test_date_count": 3}


def features(customers=400, months=8, seed=3, truth=True):
    """Return features and labels: the longer the silence, the likelier the loss."""
    random = np.random.default_rng(seed)
    rows = customers * months
    interval = random.uniform(2, 12, rows)
    silence = random.integers(0, 30, rows)
    count = random.poisson(30 / interval) + 1
    frame = pd.DataFrame(
        {
            "customer_key": np.tile(np.arange(customers), months),
            "as_of_date": np.repeat(
                pd.date_range("2024-01-31", periods=months, freq="ME"), customers
            ),
            "days_since_last_transaction": silence,
            "average_interval_days": interval,
            "interval_deviation_days": interval * random.uniform(0.5, 1.5, rows),
            "transaction_count": count * 6,
            "recent_transaction_count": count,
            "previous_transaction_count": random.poisson(30 / interval),
            "net_amount": count * 60.0,
            "recent_net_amount": count * 10.0,
            "previous_net_amount": count * 10.0,
            "discount_amount": count * random.uniform(0, 20, rows),
            "return_amount": np.zeros(rows),
            "store_count": random.integers(1, 5, rows),
        }
    )
    odds = np.exp(-4 + 2.5 * np.log((silence + 1) / (interval + 1)))
    chance = odds / (1 + odds) if truth else np.full(rows, 0.3)
    frame["chance"] = chance
    frame["is_churned"] = random.random(rows) < chance
    frame["horizon_end_date"] = frame["as_of_date"] + HORIZON
    return frame


def split(examples):
    labels = ["customer_key", "as_of_date", "horizon_end_date", "is_churned"]
    return {
        "labels": examples[labels],
        "features": examples.drop(columns=["horizon_end_date", "is_churned"]),
    }


@pytest.fixture(scope="module")
def examples():
    return features()


@pytest.fixture(scope="module")
def model(examples):
    return train(split(examples), PARAMS, Past(lambda: None))


def test_measures_are_what_one_computes_by_hand():
    row = {
        "days_since_last_transaction": 9,
        "average_interval_days": 4.0,
        "interval_deviation_days": 1.0,
        "transaction_count": 10,
        "recent_transaction_count": 0,
        "previous_transaction_count": 3,
        "net_amount": 90.0,
        "recent_net_amount": -5.0,
        "previous_net_amount": 19.0,
        "discount_amount": 10.0,
        "return_amount": 30.0,
        "store_count": 1,
    }
    (found,) = churn_measures(pd.DataFrame([row])).to_dict("records")
    assert found == pytest.approx(
        {
            "silence": np.log(10),
            "overdue": np.log(10 / 5),
            "interval": np.log(5),
            "irregularity": np.log(2 / 5),
            "purchases": 0,
            "purchase_trend": np.log(1 / 4),
            # Money given back is no negative spending.
            "amount": 0,
            "amount_trend": np.log(1 / 20),
            "basket": np.log(91 / 11),
            "discount_share": 0.1,
            "return_share": 0.25,
            "stores": np.log(2),
        }
    )


def test_probabilities_are_near_the_truth():
    examples = features(customers=1_500)
    train_on = examples[examples["as_of_date"] < "2024-07-01"]
    ask = examples[examples["as_of_date"] >= "2024-07-01"]
    fitted = fit_churn(
        churn_measures(train_on),
        train_on["is_churned"].to_numpy(),
        train_on["customer_key"].to_numpy(),
    )
    found = churn_probability(fitted, churn_measures(ask))
    assert np.corrcoef(found, ask["chance"])[0, 1] > 0.9
    assert abs(found.mean() - ask["chance"].mean()) < 0.02
    # Calibrated where it is high too.
    high = found > np.quantile(found, 0.9)
    assert abs(found[high].mean() - ask["chance"][high].mean()) < 0.06


def test_contributions_add_up_to_the_log_odds(examples, model):
    asked = churn_measures(examples.head(50))
    added = contributions(model.estimator, asked)
    assert set(added.columns) == set(REASONS.values())
    (calibrated,) = model.estimator.calibrated_classifiers_
    regression = calibrated.estimator
    expected = regression.decision_function(asked.to_numpy())
    average = regression["regression"].intercept_[0]
    np.testing.assert_allclose(added.sum(axis=1) + average, expected, atol=1e-9)


def test_no_test_date_is_within_the_horizon_of_what_was_learnt(examples):
    tested = list(predictable_dates(examples, 3))
    assert len(tested) == 3
    for day, learnt in tested:
        assert (examples[learnt]["as_of_date"] + HORIZON <= day).all()
        assert learnt.any()
    assert tested[0][0] == examples["as_of_date"].max()


def test_evaluation_is_beside_two_naive_predictions(examples):
    found = evaluate(examples, 2)
    assert len(found) == 2 * 3
    assert set(found["predictor"]) == {"model", "recency", "recent activity"}
    mean = found.groupby("predictor")["pr_auc"].mean()
    assert mean["model"] > mean.drop("model").max()
    assert ((found["test_date"] - found["last_training_date"]) >= HORIZON).all()


def test_nothing_to_learn_is_not_learnt():
    found = evaluate(features(truth=False), 3)
    mean = found.groupby("predictor")["roc_auc"].mean()
    assert abs(mean["model"] - 0.5) < 0.05


def test_measures_of_a_prediction_by_hand():
    is_churned = np.array([True] * 2 + [False] * 18)
    perfect = measure(is_churned, np.linspace(90, 0, 20), np.full(20, 0.5))
    assert perfect["roc_auc"] == perfect["pr_auc"] == 1
    assert perfect["top_decile_capture"] == 1
    assert perfect["top_decile_lift"] == pytest.approx(10)
    # Who says the same of everybody is as good as chance, in whatever order.
    same = measure(is_churned, np.full(20, 0.1), np.full(20, 0.1))
    assert same["roc_auc"] == 0.5
    assert same["top_decile_capture"] == pytest.approx(0.1)
    assert same["top_decile_lift"] == pytest.approx(1)
    assert same["brier_score"] == pytest.approx(0.1 * 0.81 + 0.9 * 0.01)


def test_training_twice_gives_the_same(examples, model):
    again = train(
        split(examples.sample(frac=1, random_state=1)), PARAMS, Past(lambda: None)
    )
    asked = churn_measures(examples)
    np.testing.assert_array_equal(
        churn_probability(again.estimator, asked),
        churn_probability(model.estimator, asked),
    )


def test_reasons_are_what_moves_a_customer(examples, model):
    asked = examples[examples["as_of_date"] == examples["as_of_date"].max()]
    found = compute({"features": asked}, model).merge(asked, on="customer_key")
    silent = found.nlargest(20, "churn_probability")
    assert (silent["reason_1"] == "silence").mean() > 0.9
    assert found["churn_probability"].between(0, 1).all()
    given = found[["reason_1", "reason_2", "reason_3"]]
    assert given["reason_1"].notna().all()
    assert not (given["reason_1"] == given["reason_2"]).any()
    known = set(REASONS.values()) | {None, np.nan}
    assert set(given.to_numpy().ravel()) - known == set()


def test_reasons_pull_where_the_band_is(examples, model):
    """Whose risk is below the average one's is not told what raises it."""
    asked = examples[examples["as_of_date"] == examples["as_of_date"].max()]
    asked = asked.sort_values("customer_key", ignore_index=True)
    found = compute({"features": asked}, model)
    added = contributions(model.estimator, churn_measures(asked))
    is_high = found["churn_probability"] >= model.facts["churn_rate"]
    assert 0 < is_high.sum() < len(found)
    for row, high in is_high.items():
        reasons = found.loc[row, ["reason_1", "reason_2", "reason_3"]].dropna()
        pulls = added.loc[row, list(reasons)]
        assert ((pulls > 0) == high).all(), (row, pulls)


def test_too_little_is_said_and_not_learnt(examples):
    few = examples[examples["as_of_date"] == examples["as_of_date"].min()]
    with pytest.raises(NoModelError, match="400 examples of 1 dates"):
        train(split(few), PARAMS, Past(lambda: None))
