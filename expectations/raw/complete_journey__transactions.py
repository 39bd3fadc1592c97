"""What the tills' lines look like when they are right.

Bounds come from the published year 2017 with room on both sides: they tell a broken
export from a good one, not a good month from a bad one.
"""

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation


def suite() -> list[Expectation]:
    """Return what the contract of ``complete_journey.transactions`` does not say."""
    return [
        gx.ExpectColumnValuesToNotBeNull(column="household_id"),
        gx.ExpectColumnValuesToBeBetween(column="quantity", min_value=0),
        # The till books no negative line: returns are not in this export.
        gx.ExpectColumnValuesToBeBetween(
            column="sales_value", min_value=0, max_value=10_000
        ),
        # 0.6 % of the lines have quantity 0, 0.8 % have no value.
        gx.ExpectColumnValuesToBeBetween(column="quantity", min_value=1, mostly=0.97),
        gx.ExpectColumnValuesToBeBetween(
            column="sales_value", min_value=0.01, mostly=0.97
        ),
        gx.ExpectColumnMeanToBeBetween(column="sales_value", min_value=1, max_value=10),
    ]
