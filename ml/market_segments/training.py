"""Training of the segments: ``market_segment_fits`` and ``market_segment_names``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ml.frames import Model, NotEnoughDataError, Read
from ml.market_segments.fits import Fit, fits, silhouette
from ml.market_segments.measures import COLUMNS, TRAITS, segment_measures
from ml.market_segments.naming import (
    describe,
    is_still_true,
    names,
    same_segments,
)

# The last month end, so that segments stay as they are from one day to the next.
_LAST_MONTH_END = """as_of_date = (
    select coalesce(max(as_of_date) filter (where is_month_end), max(as_of_date))
    from features.feature_dates
)"""
READS = {
    "features": Read(
        "features.customer_features",
        ("customer_key", "as_of_date", *COLUMNS),
        _LAST_MONTH_END,
        customers=20_000,
    ),
    "traits": Read("seeds.market_segment_traits", ("trait", "high", "low")),
}
WRITES = ("market_segment_fits", "market_segment_names")
# For each segment so many customers, or its mean says nothing.
_CUSTOMERS_EACH = 10


def train(
    frames: Mapping[str, pd.DataFrame],
    params: Mapping[str, Any],
    previous: Model | None,
) -> Model:
    """Find the segments, and name them; those of before keep number and name.

    Raises
    ------
    NotEnoughDataError
        If there are too few customers for the fewest segments.
    """
    features = frames["features"].sort_values("customer_key", ignore_index=True)
    least, most = params["market_segment_min_count"], params["market_segment_max_count"]
    if len(features) < least * _CUSTOMERS_EACH:
        raise NotEnoughDataError(
            f"{len(features):,} customers are too few for {least} segments: it takes "
            f"{_CUSTOMERS_EACH} customers for each."
        )
    measures = segment_measures(features)
    most = max(least, min(most, len(features) // _CUSTOMERS_EACH))
    tried = fits(measures, range(least, most + 1))
    best = max(tried, key=lambda fit: fit.quality)
    scaled = best.estimator[:-1].transform(measures.to_numpy())
    value = features["net_amount"].astype(float)
    segments = _segments(best, measures, scaled, value, frames["traits"], previous)
    baseline = silhouette(scaled, _equal_groups(value, best.count))
    return Model(
        estimator=best.estimator,
        facts={
            "training_rows": len(features),
            "training_date": f"{features['as_of_date'].max():%Y-%m-%d}",
            "traits": list(TRAITS),
            # Cluster of the estimator to the segment's number.
            "segment_ids": segments["market_segment_id"].tolist(),
            "segment_names": segments["market_segment"].tolist(),
            "highest_segment_id": max(
                [*segments["market_segment_id"]]
                + ([previous.facts["highest_segment_id"]] if previous else [])
            ),
        },
        tables={
            "market_segment_fits": pd.DataFrame(
                {
                    "segment_count": fit.count,
                    "silhouette": fit.silhouette,
                    "stability": fit.stability,
                    "is_chosen": fit is best,
                    "baseline_silhouette": baseline if fit is best else None,
                }
                for fit in tried
            ),
            "market_segment_names": segments,
        },
    )


def _segments(
    best: Fit,
    measures: pd.DataFrame,
    scaled: np.ndarray,
    value: pd.Series,
    traits: pd.DataFrame,
    previous: Model | None,
) -> pd.DataFrame:
    """Return a row per cluster of the estimator, in its order."""
    clusters = best.estimator.predict(measures.to_numpy())
    centres = pd.DataFrame(scaled, columns=list(TRAITS)).groupby(clusters).mean()
    words = traits.set_index("trait")[["high", "low"]].to_dict("index")
    by_value = value.groupby(clusters).mean().sort_values(ascending=False).index
    descriptions = {each: describe(centres.loc[each], words) for each in by_value}
    kept: dict[int, tuple[int, str]] = {}
    highest = 0
    if previous is not None and previous.facts["traits"] == list(TRAITS):
        before = previous.estimator.predict(measures.to_numpy())
        ids, called = previous.facts["segment_ids"], previous.facts["segment_names"]
        highest = previous.facts["highest_segment_id"]
        kept = {
            new: (ids[old], called[old])
            for new, old in same_segments(before, clusters).items()
            if is_still_true(called[old], centres.loc[new], words)
        }
    fresh = {each: d for each, d in descriptions.items() if each not in kept}
    found = names(fresh, {name for _, name in kept.values()})
    numbered = {each: highest + place for place, each in enumerate(found, start=1)}
    return pd.DataFrame(
        {
            "market_segment_id": kept[each][0] if each in kept else numbered[each],
            "market_segment": kept[each][1] if each in kept else found[each],
            "description": (", ".join(descriptions[each]) or "average").capitalize()
            + ".",
            "is_new": each not in kept,
        }
        for each in range(best.count)
    )


def _equal_groups(value: pd.Series, count: int) -> np.ndarray:
    """Return the naive split: as many groups of equal size, by money alone."""
    return (value.rank(method="first") - 1).to_numpy() * count // len(value)
