"""Training of the segments: ``market_segment_fits`` and ``market_segment_names``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ml.frames import Model, NoModelError, Past, Read
from ml.market_segments.fits import Fit, chance_silhouette, fits
from ml.market_segments.measures import COLUMNS, TRAITS, segment_measures
from ml.market_segments.naming import (
    AVERAGE,
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
        customers="training_customers",
    ),
    "traits": Read("seeds.market_segment_traits", ("trait", "high", "low")),
}
WRITES = ("market_segment_fits", "market_segment_names")
# For each segment so many customers, or its mean says nothing.
_CUSTOMERS_EACH = 10
# As a ratio, how much worse a split may be to be kept from one model to the next.
_NEARLY = 0.8


def train(
    frames: Mapping[str, pd.DataFrame],
    params: Mapping[str, Any],
    past: Past,
) -> Model:
    """Find the segments, and name them; those of before keep number and name.

    Raises
    ------
    NoModelError
        If there are too few customers, or too few ways in which they behave.
    """
    features = frames["features"].sort_values("customer_key", ignore_index=True)
    least, most = params["market_segment_min_count"], params["market_segment_max_count"]
    measures = segment_measures(features)
    previous = past.load_previous()
    if previous is not None and previous.facts["traits"] != list(TRAITS):
        previous = None
    before = previous.estimator["clusters"].cluster_centers_ if previous else None
    tried = []
    if len(features) >= least * _CUSTOMERS_EACH:
        counts = range(least, max(least, most) + 1)
        tried = fits(measures, counts, _CUSTOMERS_EACH, before)
    if not tried:
        raise NoModelError(
            f"{len(features):,} customers are too few, or behave in too few ways, for "
            f"{least} segments of at least {_CUSTOMERS_EACH} customers each."
        )
    best = _chosen(tried, before)
    segments = _segments(best, measures, features, frames["traits"], previous, past)
    baseline = chance_silhouette(best, measures)
    return Model(
        estimator=best.estimator,
        facts={
            "training_rows": len(features),
            "training_date": f"{features['as_of_date'].max():%Y-%m-%d}",
            "traits": list(TRAITS),
            # Cluster of the estimator to the segment's number.
            "segment_ids": segments["market_segment_id"].tolist(),
            "segment_names": segments["market_segment"].tolist(),
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


def _chosen(tried: Sequence[Fit], before: np.ndarray | None) -> Fit:
    """Return the best split; while as many as before are nearly as good, that one.

    Another number renames nearly all customers, and is not worth that for a little.
    """
    best = max(tried, key=lambda fit: fit.quality)
    for fit in tried:
        is_as_before = before is not None and fit.count == len(before)
        if is_as_before and fit.quality >= _NEARLY * best.quality:
            return fit
    return best


def _segments(
    best: Fit,
    measures: pd.DataFrame,
    features: pd.DataFrame,
    traits: pd.DataFrame,
    previous: Model | None,
    past: Past,
) -> pd.DataFrame:
    """Return a row per cluster of the estimator, in its order."""
    clusters = best.estimator.predict(measures.to_numpy())
    scaled = best.estimator[:-1].transform(measures.to_numpy())
    centres = pd.DataFrame(scaled, columns=list(TRAITS)).groupby(clusters).mean()
    words = traits.set_index("trait")[["high", "low"]].to_dict("index")
    value = features["net_amount"].astype(float).groupby(clusters).mean()
    by_value = value.sort_values(ascending=False).index
    descriptions = {each: describe(centres.loc[each], words) for each in by_value}
    kept: dict[int, tuple[int, str]] = {}
    if previous is not None:
        before = previous.estimator.predict(measures.to_numpy())
        ids, called = previous.facts["segment_ids"], previous.facts["segment_names"]
        kept = {
            new: (ids[old], called[old])
            for new, old in same_segments(before, clusters).items()
            if is_still_true(called[old], centres.loc[new], words)
        }
    fresh = {each: d for each, d in descriptions.items() if each not in kept}
    found = names(fresh, {name for _, name in kept.values()})
    # No number is given twice, not even by a run that looked back.
    highest = max((n for facts in past.facts for n in facts["segment_ids"]), default=0)
    numbered = {each: highest + place for place, each in enumerate(found, start=1)}
    return pd.DataFrame(
        {
            "market_segment_id": kept[each][0] if each in kept else numbered[each],
            "market_segment": kept[each][1] if each in kept else found[each],
            "description": (", ".join(descriptions[each]) or AVERAGE).capitalize()
            + ".",
            "is_new": each not in kept,
            "training_rows": int((clusters == each).sum()),
        }
        for each in range(best.count)
    )
