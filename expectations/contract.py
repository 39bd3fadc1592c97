"""What a contract and the ledger let one expect of a raw table, whatever is in it.

Not here: columns and types, because the raw view is made from the contract and cannot
differ from it (landing refuses a file that does); keys, because dbt tests them.
"""

import math
from datetime import timedelta

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from dbt_models import CODE_DIR, SOURCES_DIR
from expectations.promise import Promise

# Contracts name a zone, the ledger is in UTC: no zone is further away than this.
_GRACE = timedelta(days=1)
_LOSS = "max_snapshot_loss_percent"


def contract_suite(promise: Promise) -> list[Expectation]:
    """Return the expectations that follow from the promise."""
    contract = SOURCES_DIR / promise.source / f"_{promise.source}__sources.yml"
    stated = {"defined_in": contract.relative_to(CODE_DIR).as_posix()}
    expectations: list[Expectation] = [
        gx.ExpectTableRowCountToBeBetween(min_value=1, meta=stated),
        *(
            gx.ExpectColumnValuesToNotBeNull(column=column, meta=stated)
            for column in promise.required
        ),
    ]
    if promise.known_at and promise.deliveries:
        expectations.append(_not_after_its_delivery(promise, stated))
    if promise.is_snapshot and len(promise.deliveries) > 1:
        expectations.append(_has_not_shrunk(promise))
    return expectations


def _not_after_its_delivery(promise: Promise, stated: dict[str, str]) -> Expectation:
    """One mistyped year would otherwise move the whole warehouse's as_of_date."""
    latest = max(delivery.loaded_at for delivery in promise.deliveries)
    return gx.ExpectColumnValuesToBeBetween(
        column=promise.known_at,
        max_value=latest + _GRACE,
        description=f"{promise.known_at} is never later than the newest delivery "
        f"(loaded {latest:%Y-%m-%d %H:%M} UTC; a day's grace for time zones)",
        meta=stated,
    )


def _has_not_shrunk(promise: Promise) -> Expectation:
    """A snapshot that is cut off looks like many deletions."""
    before, newest = promise.deliveries[-2:]
    kept = max(100 - promise.max_loss_percent, 0)
    least = math.ceil(before.rows * kept / 100)
    return gx.ExpectTableRowCountToBeBetween(
        min_value=least,
        row_condition=Column("_load_id") == newest.load_id,
        description=f"the newest delivery has kept {kept} % of the rows of the one "
        f"before: {least:,} of {before.rows:,}",
        meta={"defined_in": f"settings.yml ({_LOSS})"},
    )
