"""Names for segments, which stay when the segments are found again."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

# Standard deviations from the mean of all customers: less sets nobody apart.
_APART = 0.4
# A name that was given stays true for longer, or it would come and go at the border.
_STILL_APART = 0.2
_TRAITS_IN_NAME = 2
AVERAGE = "average"
# A segment is the one of before if half of those who are in either are in both.
_SAME = 0.5


def describe(
    centre: pd.Series, words: Mapping[str, Mapping[str, str]], least: float = _APART
) -> list[str]:
    """Return what sets a segment apart, the strongest first.

    Parameters
    ----------
    centre
        Trait to the segment's mean, in standard deviations from that of all customers.
    words
        Trait to the words for ``high`` and ``low`` values.
    least
        How far apart it has to be, in standard deviations.
    """
    ordered = centre.reindex(centre.abs().sort_values(ascending=False).index)
    return [
        words[trait]["high" if value > 0 else "low"]
        for trait, value in ordered.items()
        if abs(value) >= least
    ]


def is_still_true(
    name: str, centre: pd.Series, words: Mapping[str, Mapping[str, str]]
) -> bool:
    """Say whether a name that was given fits what sets the segment apart now."""
    plain, _, _ = name.partition(" (")
    still = describe(centre, words, _STILL_APART) or [AVERAGE]
    return set(plain.lower().split(", ")) <= {trait.lower() for trait in still}


def names(descriptions: Mapping[int, list[str]], taken: set[str]) -> dict[int, str]:
    """Return a name for each segment, from what sets it apart; no two are equal."""
    found: dict[int, str] = {}
    used = set(taken)
    for segment, traits in descriptions.items():
        shortest = min(_TRAITS_IN_NAME, len(traits))
        candidates = [
            (", ".join(traits[:length]) or AVERAGE).capitalize()
            for length in range(shortest, len(traits) + 1)
        ]
        plain = candidates[0]
        candidates += [f"{plain} ({number})" for number in range(2, len(used) + 3)]
        found[segment] = next(name for name in candidates if name not in used)
        used.add(found[segment])
    return found


def same_segments(before: np.ndarray, now: np.ndarray) -> dict[int, int]:
    """Match segments by the customers who are in them.

    Parameters
    ----------
    before, now
        Segment of each customer by the model of before and by the new one; shape
        ``(customers,)``.

    Returns
    -------
    dict
        New segment to the one of before that it goes on from: the matching with the
        most customers in common (Kuhn 1955), as far as two segments share half of the
        customers who are in either.
    """
    old, new = np.unique(before), np.unique(now)
    shared = np.array([[np.sum((before == i) & (now == j)) for j in new] for i in old])
    rows, columns = linear_sum_assignment(shared, maximize=True)
    matched = {}
    for row, column in zip(rows, columns, strict=True):
        either = np.sum((before == old[row]) | (now == new[column]))
        if shared[row, column] >= _SAME * either:
            matched[int(new[column])] = int(old[row])
    return matched
