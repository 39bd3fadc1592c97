"""How many segments there are: by how clear they are, and whether they come again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from threadpoolctl import threadpool_limits

SEED = 20_170_101
_PAIRS = 10
# How much worse, as a ratio, a split may fit that goes on from the segments of before.
_AS_GOOD = 1.05
_SILHOUETTE_SAMPLE = 2_000


@dataclass(frozen=True)
class Fit:
    """Customers split into so many segments.

    Attributes
    ----------
    estimator
        From measures to the number of a segment.
    silhouette
        From -1 to 1: how much nearer customers are to their own segment than to the
        next one (Rousseeuw 1987).
    stability
        From 0 to 1: how far two halves of the customers, taken at random, lead to the
        same segments; the mean adjusted Rand index of pairs (Hubert and Arabie 1985;
        Ben-Hur, Elisseeff and Guyon 2002).
    """

    count: int
    estimator: Pipeline
    silhouette: float
    stability: float

    @property
    def quality(self) -> float:
        """A split is worth as much as it is clear and comes again."""
        return max(self.silhouette, 0) * max(self.stability, 0)


def fits(
    measures: pd.DataFrame,
    counts: Sequence[int],
    smallest: int,
    before: np.ndarray | None = None,
) -> list[Fit]:
    """Split the customers into each of the given numbers of segments.

    Parameters
    ----------
    measures
        One row per customer, one column per trait.
    counts
        How many segments to try.
    smallest
        A split with a segment of fewer customers is left out.
    before
        Centres of the segments of before, in standard deviations; shape
        ``(segments, traits)``. A split into as many goes on from them.
    """
    scaling = Pipeline(
        [
            # By rank: a few customers who are far from all others are no segment.
            (
                "rank",
                QuantileTransformer(
                    n_quantiles=min(100, len(measures)), random_state=SEED
                ),
            ),
            ("scale", StandardScaler()),
        ]
    )
    scaled = scaling.fit_transform(measures.to_numpy())
    # Threads that wait for each other cost more than they save on this many rows.
    with threadpool_limits(limits=1):
        different = len(np.unique(scaled, axis=0))
        splits = {n: _split(scaled, n, before) for n in counts if n <= different}
        return [
            Fit(
                count=count,
                estimator=Pipeline([*scaling.steps, ("clusters", clusters)]),
                silhouette=_silhouette(scaled, clusters.labels_),
                stability=_stability(scaled, count),
            )
            for count, clusters in splits.items()
            if np.bincount(clusters.labels_, minlength=count).min() >= smallest
        ]


def chance_silhouette(fit: Fit, measures: pd.DataFrame) -> float:
    """Return the silhouette of as many segments where there are none.

    Each trait is shuffled among the customers by itself: all have what they had, but
    nothing belongs together (after Tibshirani, Walther and Hastie 2001, whose reference
    is uniform).
    """
    random = np.random.default_rng(SEED)
    scaled = fit.estimator[:-1].transform(measures.to_numpy())
    shuffled = random.permuted(scaled, axis=0)
    with threadpool_limits(limits=1):
        return _silhouette(shuffled, _split(shuffled, fit.count, None).labels_)


def _silhouette(scaled: np.ndarray, labels: np.ndarray) -> float:
    """Return the silhouette of a split; of a sample, where there are many."""
    if len(np.unique(labels)) < 2:
        return 0.0
    size = min(_SILHOUETTE_SAMPLE, len(scaled))
    return float(silhouette_score(scaled, labels, sample_size=size, random_state=SEED))


def _split(scaled: np.ndarray, count: int, before: np.ndarray | None) -> KMeans:
    fresh = KMeans(count, n_init=5, random_state=SEED).fit(scaled)
    if before is None or len(before) != count:
        return fresh
    going_on = KMeans(count, init=before, n_init=1, random_state=SEED).fit(scaled)
    return going_on if going_on.inertia_ <= _AS_GOOD * fresh.inertia_ else fresh


def _stability(scaled: np.ndarray, count: int) -> float:
    random = np.random.default_rng(SEED)
    agreements = []
    for _ in range(_PAIRS):
        labels = []
        for _ in range(2):
            half = random.choice(len(scaled), len(scaled) // 2, replace=False)
            found = KMeans(count, n_init=2, random_state=SEED).fit(scaled[half])
            labels.append(found.predict(scaled))
        agreements.append(adjusted_rand_score(*labels))
    return float(np.mean(agreements))
