"""The churn model itself: an additive logistic regression, calibrated.

Each measure enters by a piecewise linear function of its own (a generalised additive
model: Hastie and Tibshirani, Generalized Additive Models, 1990), so that what a
measure adds to a customer's log-odds can be said exactly. Probabilities are then
calibrated on customers that the regression has not seen (Platt 1999).
"""

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from ml.churn.measures import REASONS

_FOLDS = 4
SEED = 20_170_101


def fit_churn(
    measures: pd.DataFrame, is_churned: np.ndarray, customers: np.ndarray
) -> CalibratedClassifierCV:
    """Fit and calibrate the model.

    Parameters
    ----------
    measures
        Columns of ``REASONS``, one row per customer and date.
    is_churned
        Whether there was no purchase within the horizon; shape ``(rows,)``.
    customers
        Whose row it is; a customer is never both in the rows that the regression is
        fitted to and in those that it is calibrated on.
    """
    regression = Pipeline(
        [
            # Bends at the quartiles; beyond what was seen it goes on straight.
            (
                "splines",
                SplineTransformer(5, 1, knots="quantile", extrapolation="linear"),
            ),
            ("scale", StandardScaler()),
            # Strong, since measures overlap.
            ("regression", LogisticRegression(C=0.01, solver="newton-cholesky")),
        ]
    )
    folds = GroupKFold(_FOLDS, shuffle=True, random_state=SEED)
    model = CalibratedClassifierCV(
        regression,
        method="sigmoid",
        cv=list(folds.split(measures, is_churned, customers)),
        ensemble=False,
    )
    model.fit(measures.to_numpy(), is_churned)
    # Or every row's number would be kept with the model.
    return model.set_params(cv=_FOLDS)


def churn_probability(
    model: CalibratedClassifierCV, measures: pd.DataFrame
) -> np.ndarray:
    """Return the probability of no purchase within the horizon; shape ``(rows,)``."""
    return model.predict_proba(measures.to_numpy())[:, 1]


def contributions(
    model: CalibratedClassifierCV, measures: pd.DataFrame
) -> pd.DataFrame:
    """Return what each reason adds to the log-odds, against the average customer.

    Returns
    -------
    DataFrame
        One column per reason; a row's sum is the log-odds before calibration less those
        of a customer whose every spline is average.
    """
    (calibrated,) = model.calibrated_classifiers_
    steps = calibrated.estimator
    scaled = steps[:-1].transform(measures.to_numpy())
    parts = scaled * steps["regression"].coef_[0]
    per_measure = parts.reshape(len(measures), len(REASONS), -1).sum(axis=2)
    by_reason = pd.DataFrame(per_measure, index=measures.index, columns=list(REASONS))
    return by_reason.T.groupby(REASONS, sort=False).sum().T
