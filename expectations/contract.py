"""What a contract and the ledger let one expect of a raw table, whatever is in it.

Not here: columns and types, because the raw view is made from the contract and cannot
differ from it; what landing refuses row by row; keys, because dbt tests them. Columns
that are required are looked at once more: here it is the whole table, however old.
"""

import math

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import Column

from dbt_models import CODE_DIR, SOURCES_DIR
from expectations.promise import Promise

_LOSS = "max_snapshot_loss_percent"


def contract_expectations(promise: Promise) -> list[Expectation]:
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
    if promise.is_snapshot and len(promise.deliveries) > 1:
        expectations.append(_has_not_shrunk(promise))
    return expectations


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
