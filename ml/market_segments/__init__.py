"""Groups of customers who behave alike, found rather than declared."""

from ml.market_segments import scoring, training

__all__ = ["scoring", "training"]
