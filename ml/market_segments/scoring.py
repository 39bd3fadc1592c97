"""``learned.market_segment_members``: the segment of each customer."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ml.frames import Model, Read
from ml.market_segments.measures import COLUMNS, segment_measures

READS = {
    "features": Read(
        "features.customer_features",
        ("customer_key", "as_of_date", *COLUMNS),
        "is_latest",
    )
}
TABLE = "market_segment_members"


def compute(frames: Mapping[str, pd.DataFrame], model: Model) -> pd.DataFrame:
    """Return one row per customer."""
    features = frames["features"].sort_values("customer_key", ignore_index=True)
    ids = np.array(model.facts["segment_ids"])
    clusters = model.estimator.predict(segment_measures(features).to_numpy())
    return features[["customer_key", "as_of_date"]].assign(
        market_segment_id=ids[clusters]
    )
