"""The suites of raw tables tell a broken export from a good one."""

import duckdb
import pytest

from dbt_models import load_deployment
from expectations.promise import Promise
from expectations.suite import Suite
from expectations.suites import raw_expectations
from expectations.validation import validate
from tests.fixtures import TRANSACTION_COLUMNS, small_grocer
from tests.online_retail import COLUMNS, LINES


@pytest.fixture
def found(tmp_path):
    """Return a function: what a suite finds in rows after an update of them."""
    deployment = load_deployment(tmp_path)
    deployment.build.mkdir()

    def run(source, table, create, insert, rows, change):
        with duckdb.connect(deployment.build_database) as connection:
            connection.execute(f"create schema raw_{source}")
            connection.execute(f"create table raw_{source}.{table} ({create})")
            connection.executemany(f"insert into raw_{source}.{table} {insert}", rows)
            connection.execute(f"update raw_{source}.{table} set {change}")
        promise = Promise(
            source=source,
            table=table,
            required=(),
            is_delivered=True,
        )
        suite = Suite(f"raw_{source}", table, raw_expectations(promise), advice="")
        results = validate(deployment, suite)
        assert len(results) > 3
        return [result.description for result in results if not result.is_met]

    return run


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("\"StockCode\" = 'A1'", []),
        ('"Quantity" = 5 where "InvoiceNo" = \'C500005\'', ["a cancelled invoice"]),
        ('"CustomerID" = null', ["CustomerID is filled"]),
        ('"Quantity" = -abs("Quantity")', ["Quantity is at least 1"]),
        ('"UnitPrice" = -"UnitPrice"', ["UnitPrice is at least 0"]),
    ],
)
def test_online_retail(found, change, broken):
    types = ("varchar", "varchar", "varchar", "integer", "timestamp",
             "decimal(12, 3)", "varchar", "varchar")  # fmt: skip
    create = ", ".join(
        f'"{name}" {kind}' for name, kind in zip(COLUMNS, types, strict=True)
    )
    insert = "values (?, ?, ?, ?, ?, ?, nullif(?, ''), ?)"
    descriptions = found(
        "online_retail", "invoice_lines", create, insert, LINES, change
    )
    assert len(descriptions) == len(broken)
    for description, begin in zip(descriptions, broken, strict=True):
        assert description.startswith(begin)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("household_id = 1", []),
        ("household_id = null where basket_id = 1", {"household_id is never empty"}),
        ("quantity = -1 where basket_id = 1", {"quantity is at least 0 in every row"}),
        ("quantity = 0", {"quantity is at least 1 in at least 97 % of the rows"}),
        (
            "sales_value = 10001 where basket_id = 9002",
            {
                "sales_value is between 0 and 10,000 in every row",
                "the average of sales_value is between 1 and 10",
            },
        ),
        (
            "sales_value = 0",
            {
                "sales_value is at least 0.01 in at least 97 % of the rows",
                "the average of sales_value is between 1 and 10",
            },
        ),
        (
            "sales_value = sales_value * 4",
            {"the average of sales_value is between 1 and 10"},
        ),
    ],
)
def test_complete_journey(found, tmp_path, change, broken):
    create = ", ".join(
        f"{name} {kind}"
        for name, kind in zip(
            TRANSACTION_COLUMNS,
            ["bigint"] * 5 + ["decimal(12, 2)"] * 4 + ["integer", "timestamp"],
            strict=True,
        )
    )
    lines = small_grocer(tmp_path / "grocer")
    rows = [[line[name] for name in TRANSACTION_COLUMNS] for line in lines]
    insert = f"values ({', '.join('?' * len(TRANSACTION_COLUMNS))})"
    assert set(
        found("complete_journey", "transactions", create, insert, rows, change)
    ) == set(broken)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("opportunity_id = opportunity_id", []),
        ("close_date = null where opportunity_id = 'won'", ["what is won has a day"]),
        ("close_value = null where opportunity_id = 'won'", ["what is won has a day"]),
        ("close_value = 5 where opportunity_id = 'lost'", ["what is not won has no"]),
        ("deal_stage = 'Pausing' where opportunity_id = 'open'", ["the stages are"]),
    ],
)
def test_crm_sales(found, change, broken):
    create = (
        "opportunity_id varchar, deal_stage varchar, close_date date, "
        "close_value decimal(12, 2)"
    )
    rows = [
        ("won", "Won", "2017-03-01", 1054),
        ("lost", "Lost", "2017-03-02", 0),
        ("open", "Engaging", None, None),
    ]
    descriptions = found(
        "crm_sales", "opportunities", create, "values (?, ?, ?, ?)", rows, change
    )
    assert len(descriptions) == len(broken)
    for description, begin in zip(descriptions, broken, strict=True):
        assert description.startswith(begin)
