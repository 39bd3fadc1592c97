"""What the segments of customers look like when they are right."""

from collections.abc import Mapping
from typing import Any

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation

from expectations.findings import ExpectFindingsToHold

# Customers. Fewer may all change their ways within a month, and leave nobody behind.
_LEAST = 10


def suite(params: Mapping[str, Any]) -> list[Expectation]:
    """Return what is true of the segments of one run."""
    return [
        gx.ExpectColumnValuesToNotBeNull(column="customer_key"),
        gx.ExpectColumnValuesToNotBeNull(column="as_of_date"),
        gx.ExpectColumnValuesToNotBeNull(column="market_segment_id"),
        gx.UnexpectedRowsExpectation(
            description="every customer's segment is in market_segment_names",
            unexpected_rows_query="""
                select customer_key, market_segment_id from {batch}
                where market_segment_id not in (
                    select market_segment_id from learned.market_segment_names
                )
            """,
        ),
        ExpectFindingsToHold(
            description="no segment is emptied: each that was found in at least "
            f"{_LEAST} customers has members",
            query=f"""
                select
                    concat(
                        found.market_segment, ': ', count(members.customer_key)
                    ) as seen,
                    count(members.customer_key) > 0
                    or found.training_rows < {_LEAST} as holds
                from learned.market_segment_names as found
                left join {{batch}} as members
                    on found.market_segment_id = members.market_segment_id
                group by
                    found.market_segment_id, found.market_segment, found.training_rows
                order by found.market_segment_id
            """,
        ),
    ]


def compared(params: Mapping[str, Any]) -> list[Expectation]:
    """Return how many of its members of the last run a segment keeps.

    A segment found anew is the one of before only if they share half of their
    customers, so that a new model is no reason for the loss of nearly all.
    """
    kept = max(100 - params["max_segment_loss_percent"], 0)
    return [
        ExpectFindingsToHold(
            description=f"each segment has at least {kept} % as many members as in the "
            f"last run, if it had {_LEAST} or more",
            meta={"defined_in": "settings.yml (max_segment_loss_percent)"},
            query=f"""
                with

                now as (
                    select market_segment_id, count(*) as members from {{batch}}
                    group by all
                ),

                before as (
                    select market_segment_id, count(*) as members
                    from last_run.learned.market_segment_members
                    group by all
                )

                select
                    concat(
                        found.market_segment, ': ', coalesce(now.members, 0), ' of ',
                        before.members
                    ) as seen,
                    coalesce(now.members, 0) >= before.members * {kept} / 100
                    or before.members < {_LEAST} as holds
                from learned.market_segment_names as found
                inner join before using (market_segment_id)
                left join now using (market_segment_id)
                order by found.market_segment_id
            """,
        )
    ]
