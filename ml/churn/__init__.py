"""Who will not buy again within the horizon, and why."""

from ml.churn import scoring, training

__all__ = ["scoring", "training"]
