"""Training of the churn model: ``learned.churn_model`` and ``churn_evaluations``."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ml.churn.estimator import fit_churn
from ml.churn.evaluation import LEAST_CHURNED, evaluate
from ml.churn.measures import COLUMNS, churn_measures
from ml.frames import Model, NoModelError, Past, Read

_KEYS = ("customer_key", "as_of_date")
READS = {
    "labels": Read(
        "features.churn_labels",
        (*_KEYS, "horizon_end_date", "is_churned"),
        "is_example",
    ),
    "features": Read(
        "features.customer_features",
        (*_KEYS, *COLUMNS),
        """(customer_key, as_of_date) in (
            select customer_key, as_of_date from features.churn_labels
            where is_example
        )""",
    ),
}
WRITES = ("churn_evaluations",)


def train(
    frames: Mapping[str, pd.DataFrame],
    params: Mapping[str, Any],
    past: Past,
) -> Model:
    """Fit the model to all examples, after it was measured on the newest of them.

    Raises
    ------
    NoModelError
        If there is no date to measure it on: a model of which nobody knows how good it
        is gives no probabilities.
    """
    examples = frames["features"].merge(
        frames["labels"], on=list(_KEYS), validate="one_to_one"
    )
    examples = examples.sort_values(["as_of_date", "customer_key"], ignore_index=True)
    evaluations = evaluate(examples, params["churn_test_date_count"])
    if evaluations.empty:
        dates = examples["as_of_date"].nunique()
        raise NoModelError(
            f"{len(examples):,} examples of {dates} dates are not enough to learn from "
            f"and to test on: it takes a test date, and dates at least "
            f"{params['churn_horizon_days']} days before it, with {LEAST_CHURNED} "
            "customers lost and as many kept in both."
        )
    estimator = fit_churn(
        churn_measures(examples),
        examples["is_churned"].to_numpy(),
        examples["customer_key"].to_numpy(),
    )
    facts = {
        "horizon_days": params["churn_horizon_days"],
        "training_rows": len(examples),
        "first_training_date": f"{examples['as_of_date'].min():%Y-%m-%d}",
        "last_training_date": f"{examples['as_of_date'].max():%Y-%m-%d}",
        "churn_rate": float(examples["is_churned"].mean()),
    }
    return Model(estimator, facts, {"churn_evaluations": evaluations})
