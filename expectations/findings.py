"""An expectation that says what it saw, whether or not it is met."""

from typing import Any, ClassVar

from great_expectations.expectations.expectation import BatchExpectation


class ExpectFindingsToHold(BatchExpectation):
    """Expect every row that ``query`` finds to hold.

    Great Expectations counts the rows that a query finds wrong; a figure that is
    compared with a bound is worth seeing when it is within it, too.

    Attributes
    ----------
    query
        SQL with the columns ``seen``, words for the reader, and ``holds``. The table is
        ``{batch}``. At most 200 rows are looked at.
    """

    query: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.table",)
    success_keys: ClassVar[tuple[str, ...]] = ("query",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        found = metrics["query.table"]
        # What cannot be computed (null) does not hold.
        broken = [row for row in found if row["holds"] is not True]
        seen = "; ".join(str(row["seen"]) for row in broken or found)
        return {"success": not broken, "result": {"observed_value": seen}}
