"""What the wholesaler's invoice lines look like when they are right.

Bounds come from the published year and leave much room: they notice that a column
lost its values or its signs.
"""

from great_expectations import expectations as gx
from great_expectations.expectations.expectation import Expectation


def suite() -> list[Expectation]:
    """Return what the contract of ``online_retail.invoice_lines`` does not say."""
    return [
        # No regex expectation of GX runs on DuckDB; a query does.
        gx.UnexpectedRowsExpectation(
            description="a cancelled invoice (its number begins with C) takes goods "
            "back: its quantities are below 0",
            unexpected_rows_query="""
                select "InvoiceNo", "Quantity" from {batch}
                where "InvoiceNo" like 'C%' and "Quantity" >= 0
            """,
        ),
        # A quarter of the lines name no customer; 2 % take goods back or write off.
        gx.ExpectColumnValuesToNotBeNull(column="CustomerID", mostly=0.5),
        gx.ExpectColumnValuesToBeBetween(column="Quantity", min_value=1, mostly=0.5),
        # Two lines of the year, both bad debt, have a price below 0.
        gx.ExpectColumnValuesToBeBetween(column="UnitPrice", min_value=0, mostly=0.9),
    ]
