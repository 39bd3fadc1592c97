"""What the pipeline looks like when it is right.

What is won is revenue: it needs its day and its value, which an open opportunity does
not have yet, so that the contract cannot ask for them.
"""

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation


def suite() -> list[Expectation]:
    """Return what the contract of ``crm_sales.opportunities`` does not say."""
    return [
        gx.UnexpectedRowsExpectation(
            description="what is won has a day of closing and a value above 0",
            unexpected_rows_query="""
                select opportunity_id, close_date, close_value from {batch}
                where
                    deal_stage = 'Won'
                    and (close_date is null or coalesce(close_value, 0) <= 0)
            """,
        ),
        gx.UnexpectedRowsExpectation(
            description="what is not won has no value",
            unexpected_rows_query="""
                select opportunity_id, deal_stage, close_value from {batch}
                where deal_stage <> 'Won' and close_value <> 0
            """,
        ),
        gx.UnexpectedRowsExpectation(
            description="the stages are those that are known; any other counts as open",
            severity="warning",
            unexpected_rows_query="""
                select opportunity_id, deal_stage from {batch}
                where deal_stage not in ('Prospecting', 'Engaging', 'Won', 'Lost')
            """,
        ),
    ]
