"""What a model reads and what its training leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


class NoModelError(Exception):
    """Why there is no model, in a sentence for the reader."""


@dataclass(frozen=True)
class Read:
    """A table, and which of its columns and rows.

    Attributes
    ----------
    table
        ``<schema>.<table>``.
    columns
        Only what is used: a model is trained anew when any of it has changed.
    where
        An SQL condition.
    customers
        The parameter that says how many customers at most; None for all.
    """

    table: str
    columns: tuple[str, ...]
    where: str = "true"
    customers: str | None = None


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes
    ----------
    estimator
        What scikit-learn fitted.
    facts
        What scoring and the card need beside it; plain values, as JSON has them.
    tables
        Learned table to its rows: how the model was found, and how good it is.
    """

    estimator: Any
    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Past:
    """What was trained before.

    Attributes
    ----------
    load_previous
        Reads the newest model up to the run's date, where there is one.
    facts
        Those of all versions, whatever their date.
    """

    load_previous: Callable[[], Model | None]
    facts: Sequence[Mapping[str, Any]] = ()
