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
        return self.silhouette * max(self.stability, 0)


def fits(measures: pd.DataFrame, counts: Sequence[int]) -> list[Fit]:
    """Split the customers into each of the given numbers of segments."""
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
        return [_fit(scaling, scaled, count) for count in counts]


def silhouette(scaled: np.ndarray, labels: np.ndarray) -> float:
    """Return the silhouette of a split; of a sample, where there are many."""
    if len(np.unique(labels)) < 2:
        return 0.0
    size = min(_SILHOUETTE_SAMPLE, len(scaled))
    return float(silhouette_score(scaled, labels, sample_size=size, random_state=SEED))


def _fit(scaling: Pipeline, scaled: np.ndarray, count: int) -> Fit:
    clusters = KMeans(count, n_init=5, random_state=SEED).fit(scaled)
    return Fit(
        count=count,
        estimator=Pipeline([*scaling.steps, ("clusters", clusters)]),
        silhouette=silhouette(scaled, clusters.labels_),
        stability=_stability(scaled, count),
    )


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
