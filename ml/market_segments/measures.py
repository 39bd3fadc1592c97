"""By what customers are alike: measures of ``features.customer_features``."""

import numpy as np
import pandas as pd

# How much a customer brings is not among them: segments say how customers behave, and
# what each way is worth is then worth knowing. Nor is what changes from month to month,
# such as a trend: on the demo it made segments less stable. Words for high and low
# values stand in the seed market_segment_traits.
TRAITS = (
    "silence",
    "frequency",
    "basket",
    "breadth",
    "discount_share",
)
# Columns of features.customer_features that they are made of.
COLUMNS = (
    "days_since_last_transaction",
    "transaction_count",
    "net_amount",
    "department_count",
    "discount_amount",
)


def segment_measures(features: pd.DataFrame) -> pd.DataFrame:
    """Return one column per trait.

    Parameters
    ----------
    features
        Rows of ``features.customer_features``; amounts in the base currency, times in
        days.

    Returns
    -------
    DataFrame
        Same index. Days, counts and amounts as logarithms of one more than they are,
        discounts as a share of the price before them.
    """

    def log(name: str) -> pd.Series:
        return np.log1p(features[name].astype(float).clip(lower=0))

    discounts = features["discount_amount"].astype(float)
    paid = (features["net_amount"].astype(float) + discounts).clip(lower=1)
    return pd.DataFrame(
        {
            "silence": log("days_since_last_transaction"),
            "frequency": log("transaction_count"),
            "basket": log("net_amount") - log("transaction_count"),
            "breadth": log("department_count"),
            "discount_share": (discounts / paid).clip(0, 1),
        }
    )[list(TRAITS)]
