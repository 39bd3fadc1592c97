"""What the churn model looks at: measures made of ``features.customer_features``.

Nothing that only grows with the calendar is in it, such as tenure or the number of
products so far: a history that begins on some day makes these look smaller on early
dates than on late ones, though no customer behaves differently.
"""

import numpy as np
import pandas as pd

# Measure to the reason that it belongs to. Contributions are added up by reason, so
# that a customer's three reasons are three different things. Their words stand in
# dbt's macro churn_reason.
REASONS = {
    "silence": "silence",
    "overdue": "silence",
    "interval": "rhythm",
    "irregularity": "rhythm",
    "purchases": "purchases",
    "purchase_trend": "purchase_trend",
    "amount": "amount",
    "amount_trend": "amount_trend",
    "basket": "basket",
    "discount_share": "discounts",
    "return_share": "returns",
    "stores": "stores",
}
# Columns of features.customer_features that they are made of.
COLUMNS = (
    "days_since_last_transaction",
    "average_interval_days",
    "interval_deviation_days",
    "transaction_count",
    "recent_transaction_count",
    "previous_transaction_count",
    "net_amount",
    "recent_net_amount",
    "previous_net_amount",
    "discount_amount",
    "return_amount",
    "store_count",
)


def churn_measures(features: pd.DataFrame) -> pd.DataFrame:
    """Return one column per measure of ``REASONS``.

    Parameters
    ----------
    features
        Rows of ``features.customer_features`` whose interval is known, as it is of
        every active customer; amounts in the base currency, times in days.

    Returns
    -------
    DataFrame
        Same index. Counts, days and amounts as logarithms of one more than they are,
        trends and comparisons as logarithms of ratios, shares between 0 and 1.
    """
    given = features.astype(
        {name: float for name in features.columns if name.endswith("_amount")}
    )

    def log(name: str) -> pd.Series:
        return np.log1p(given[name].clip(lower=0).astype(float))

    paid = (given["net_amount"] + given["discount_amount"]).clip(lower=1)
    sold = (given["net_amount"] + given["return_amount"]).clip(lower=1)
    return pd.DataFrame(
        {
            "silence": log("days_since_last_transaction"),
            "overdue": log("days_since_last_transaction")
            - log("average_interval_days"),
            "interval": log("average_interval_days"),
            "irregularity": log("interval_deviation_days")
            - log("average_interval_days"),
            "purchases": log("recent_transaction_count"),
            "purchase_trend": log("recent_transaction_count")
            - log("previous_transaction_count"),
            "amount": log("recent_net_amount"),
            "amount_trend": log("recent_net_amount") - log("previous_net_amount"),
            "basket": log("net_amount") - log("transaction_count"),
            "discount_share": (given["discount_amount"] / paid).clip(0, 1),
            "return_share": (given["return_amount"] / sold).clip(0, 1),
            "stores": log("store_count"),
        }
    )[list(REASONS)]
