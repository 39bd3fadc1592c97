"""What a contract and the ledger let one expect of a raw table, whatever is in it.

Not here: columns and types, because the raw view is made from the contract and cannot
differ from it; what landing refuses row by row; keys, because dbt tests them. Columns
that are required are looked at once more: here it is the whole table, however old.
"""

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation

from dbt_models import CODE_DIR, SOURCES_DIR
from expectations.promise import Promise


def contract_expectations(promise: Promise) -> list[Expectation]:
    """Return the expectations that follow from the promise."""
    contract = SOURCES_DIR / promise.source / f"_{promise.source}__sources.yml"
    stated = {"defined_in": contract.relative_to(CODE_DIR).as_posix()}
    return [
        gx.ExpectTableRowCountToBeBetween(min_value=1, meta=stated),
        *(
            gx.ExpectColumnValuesToNotBeNull(column=column, meta=stated)
            for column in promise.required
        ),
    ]
