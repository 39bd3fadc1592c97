"""``learned.churn_scores``: how likely each active customer is lost, and why."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ml.churn.estimator import churn_probability, contributions
from ml.churn.measures import COLUMNS, churn_measures
from ml.frames import Model, Read

READS = {
    "features": Read(
        "features.customer_features",
        ("customer_key", "as_of_date", *COLUMNS),
        "is_latest and activity_status = 'active'",
    )
}
TABLE = "churn_scores"
_REASONS_GIVEN = 3


def compute(frames: Mapping[str, pd.DataFrame], model: Model) -> pd.DataFrame:
    """Return one row per customer.

    The reasons are what moves a customer farthest from the average one: what raises the
    log-odds of one whose risk is above it, what lowers them of one whose is below.
    """
    features = frames["features"].sort_values("customer_key", ignore_index=True)
    measures = churn_measures(features)
    added = contributions(model.estimator, measures)
    probability = churn_probability(model.estimator, measures)
    # Against the same average as the bands of risk.
    away = np.where(probability < model.facts["churn_rate"], -1, 1)[:, None]
    strength = added.to_numpy() * away
    order = np.argsort(-strength, axis=1, kind="stable")[:, :_REASONS_GIVEN]
    names = added.columns.to_numpy()[order]
    # A reason that pulls the other way is none.
    counts = np.take_along_axis(strength, order, axis=1) > 0
    scores = features[["customer_key", "as_of_date"]].assign(
        churn_probability=probability
    )
    for place in range(_REASONS_GIVEN):
        scores[f"reason_{place + 1}"] = np.where(
            counts[:, place], names[:, place], None
        )
    return scores
