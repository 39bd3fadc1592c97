"""How good churn predictions are: on dates that come after all that was learnt from.

A test date is predicted by a model that was fitted only to dates whose horizon had
passed by then, so that at least the horizon lies between the last date learnt from and
the date predicted. Two naive ways to predict are measured beside it.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.churn.estimator import churn_probability, fit_churn
from ml.churn.measures import churn_measures

# Fewer lost customers than this tell nothing about a tenth of the customers.
LEAST_CHURNED = 20

# From examples learnt from and rows asked about: scores that rank, and probabilities.
Predict = Callable[[pd.DataFrame, pd.DataFrame], tuple[np.ndarray, np.ndarray]]


def _by_model(
    learnt: pd.DataFrame, asked: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    model = fit_churn(
        churn_measures(learnt),
        learnt["is_churned"].to_numpy(),
        learnt["customer_key"].to_numpy(),
    )
    probability = churn_probability(model, churn_measures(asked))
    return probability, probability


def _by_one(sign: int, name: str) -> Predict:
    def predict(
        learnt: pd.DataFrame, asked: pd.DataFrame
    ) -> tuple[np.ndarray, np.ndarray]:
        # What became of those who were alike: the rate never falls as the value rises.
        rates = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        rates.fit(sign * learnt[name].to_numpy(float), learnt["is_churned"])
        score = sign * asked[name].to_numpy(float)
        # It ranks by itself: the rate is the same over long stretches.
        return score, rates.predict(score)

    return predict


PREDICTORS: dict[str, Predict] = {
    "model": _by_model,
    # Naive: who has been away longest will stay away.
    "recency": _by_one(1, "days_since_last_transaction"),
    # Naive: who bought least in the last period will not buy in the next.
    "recent activity": _by_one(-1, "recent_transaction_count"),
}


def predictable_dates(
    examples: pd.DataFrame, count: int
) -> Iterator[tuple[object, pd.Series]]:
    """Yield the newest dates that can be predicted, with which rows to learn from.

    Both must have seen enough customers go, and some stay.
    """
    for day in sorted(examples["as_of_date"].unique(), reverse=True):
        learnt = examples["horizon_end_date"] <= day
        asked = examples["as_of_date"] == day
        if _is_enough(examples[learnt]) and _is_enough(examples[asked]):
            yield day, learnt
            count -= 1
        if not count:
            return


def evaluate(examples: pd.DataFrame, count: int) -> pd.DataFrame:
    """Predict each test date by each predictor, and measure.

    Parameters
    ----------
    examples
        Rows of ``features.customer_features`` with their ``features.churn_labels``.
    count
        At most so many test dates.

    Returns
    -------
    DataFrame
        One row per test date and predictor, as ``learned.churn_evaluations``.
    """
    rows = []
    for day, learnt in predictable_dates(examples, count):
        train = examples[learnt]
        test = examples[examples["as_of_date"] == day]
        for name, predict in PREDICTORS.items():
            rows.append(
                {
                    "test_date": day,
                    "predictor": name,
                    "last_training_date": train["as_of_date"].max(),
                    "training_rows": len(train),
                    "customer_count": len(test),
                    "churned_count": int(test["is_churned"].sum()),
                    **measure(test["is_churned"].to_numpy(bool), *predict(train, test)),
                }
            )
    return pd.DataFrame(rows)


def measure(
    is_churned: np.ndarray, score: np.ndarray, probability: np.ndarray
) -> dict[str, float]:
    """Return what one wants to know of a prediction.

    Parameters
    ----------
    is_churned
        What happened; shape ``(customers,)``.
    score, probability
        What was predicted: by what to rank, higher is likelier, and how likely.

    Returns
    -------
    dict
        ``roc_auc``: how often a lost customer was given a higher score than a kept one;
        ``pr_auc``: average precision; ``brier_score``: mean squared error of the
        probability (Brier 1950); ``top_decile_capture``: share of all lost customers
        among the tenth with the highest score; ``top_decile_lift``: their rate there
        over the rate of all. Those with equal scores are taken in equal parts, so that
        no order among them matters.
    """
    tenth = len(is_churned) / 10
    groups = (
        pd.DataFrame({"score": score, "churned": is_churned})
        .groupby("score", sort=True)["churned"]
        .agg(["size", "sum"])[::-1]
    )
    before = groups["size"].cumsum() - groups["size"]
    part = ((tenth - before) / groups["size"]).clip(0, 1)
    captured = float((part * groups["sum"]).sum() / is_churned.sum())
    return {
        "roc_auc": float(roc_auc_score(is_churned, score)),
        "pr_auc": float(average_precision_score(is_churned, score)),
        "brier_score": float(brier_score_loss(is_churned, probability)),
        "top_decile_capture": captured,
        "top_decile_lift": captured * 10,
    }


def _is_enough(examples: pd.DataFrame) -> bool:
    churned = int(examples["is_churned"].sum())
    return min(churned, len(examples) - churned) >= LEAST_CHURNED
