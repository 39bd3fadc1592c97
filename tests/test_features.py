"""Features and labels: what was known when, and nothing of what came later."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, pstdev

import duckdb
import pytest

from dbt_models import load_deployment
from tests.fixtures import PRODUCTS, small_grocer, write_transactions

DATES = [date(2017, 10, 31), date(2017, 11, 30), date(2017, 12, 31)]
NEW_YORK = timedelta(hours=5)


@pytest.fixture(scope="module")
def other_future(tmp_path_factory, crm):
    """Return a connection to the same grocer with another December.

    Also of its products: they have moved to other departments, and those are listed
    that had been missing.
    """
    data = tmp_path_factory.mktemp("other")
    lines = small_grocer(data)
    folder = data / "exports" / "complete_journey"
    december = [
        {**row, "household_id": 1 + row["household_id"] % 30, "sales_value": "7.00"}
        for row in lines
        if datetime.fromisoformat(row["transaction_timestamp"]) - NEW_YORK
        >= datetime(2017, 12, 1)
    ]
    write_transactions(folder / "transactions_2017-12.csv.gz", december)
    products = f"'{folder / 'products.parquet'}'"
    listed = duckdb.sql(
        f"""select * replace ('DEPARTMENT ' || product_id as department) from {products}
        union all
        select * replace (product_id + {PRODUCTS} as product_id) from {products}"""
    )
    listed.write_parquet(str(folder / "products_2017-12-02.parquet"))
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    path = load_deployment(data).published_database
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


def rows(connection, sql: str) -> list[dict]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def features(connection, where: str = "true") -> list[dict]:
    return rows(
        connection,
        f"""select * exclude (_loaded_at) from features.customer_features
        where {where} order by customer_id, as_of_date""",
    )


def by_hand(lines: list[dict], day: date) -> dict[str, object]:
    """Return the features of one customer's lines, without windows by windows' ends."""
    seen = [row for row in lines if row["transaction_date"] <= day]
    sales = [row for row in seen if row["line_type"] == "sale"]
    days = sorted({row["transaction_date"] for row in sales})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]

    def window(older: int, newer: int, among: list[dict]) -> list[dict]:
        return [
            row
            for row in among
            if newer <= (day - row["transaction_date"]).days < older
        ]

    def count(among: list[dict]) -> int:
        return len({row["transaction_key"] for row in among})

    def total(among: list[dict], column: str = "net_amount") -> Decimal:
        return sum((row[column] for row in among), Decimal(0))

    year = window(365, 0, seen)
    return {
        "first_transaction_date": days[0],
        "last_transaction_date": days[-1],
        "tenure_days": (day - days[0]).days,
        "days_since_last_transaction": (day - days[-1]).days,
        "lifetime_transaction_count": count(sales),
        "transaction_count": count(window(365, 0, sales)),
        "recent_transaction_count": count(window(30, 0, sales)),
        "previous_transaction_count": count(window(60, 30, sales)),
        "lifetime_net_amount": total(seen),
        "net_amount": total(year),
        "recent_net_amount": total(window(30, 0, seen)),
        "previous_net_amount": total(window(60, 30, seen)),
        "discount_amount": total(year, "discount_amount"),
        "return_amount": -total([row for row in year if row["is_return"]]),
        "purchase_day_count": len(days),
        "average_interval_days": fmean(gaps) if gaps else None,
        "interval_deviation_days": pstdev(gaps) if gaps else None,
        "product_count": len({row["source_product_id"] for row in sales}),
        "department_count": len({row["department"] for row in sales} - {None}),
        "store_count": len({row["source_store_id"] for row in sales}),
    }


def test_features_are_what_one_counts_by_hand(published):
    customers = defaultdict(list)
    for row in rows(
        published,
        """select fct_transactions.*, department
        from core.fct_transactions inner join core.dim_products
        using (product_key) where customer_key <> -1""",
    ):
        customers[row["customer_key"]].append(row)
    found = features(published)
    assert {row["as_of_date"] for row in found} == set(DATES)
    for row in found:
        expected = by_hand(customers[row["customer_key"]], row["as_of_date"])
        for name, value in expected.items():
            if isinstance(value, float):
                value = pytest.approx(value, abs=1e-6)
            assert row[name] == value, (name, row["customer_id"], row["as_of_date"])
        assert row["is_latest"] == (row["as_of_date"] == DATES[-1])
    bought = {
        (key, day)
        for key, lines in customers.items()
        for day in DATES
        if any(r["transaction_date"] <= day and not r["is_return"] for r in lines)
    }
    assert {(row["customer_key"], row["as_of_date"]) for row in found} == bought


def test_no_feature_knows_what_comes_later(published, other_future):
    before = f"as_of_date < '{DATES[-1]}'"
    assert features(other_future, before) == features(published, before) != []
    latest = "is_latest"
    assert features(other_future, latest) != features(published, latest)


def test_labels_are_what_happened_within_the_horizon(published):
    labels = rows(published, "select * from features.churn_labels")
    # The horizon of 30 days from the last date but one is not over before the last.
    assert {row["as_of_date"] for row in labels} == set(DATES[:2])
    sold = defaultdict(set)
    for row in rows(
        published, "select * from core.fct_transactions where line_type = 'sale'"
    ):
        sold[row["customer_key"]].add(row["transaction_date"])
    for row in labels:
        later = [day for day in sold[row["customer_key"]] if day > row["as_of_date"]]
        within = [day for day in later if (day - row["as_of_date"]).days <= 30]
        assert row["is_churned"] == (not within), row
        assert row["next_transaction_date"] == min(later, default=None)
    assert {row["is_churned"] for row in labels} == {True, False}
    same = """select count(*) from features.customer_features
        inner join features.churn_labels using (customer_key, as_of_date)"""
    assert published.execute(same).fetchone() == (len(labels),)
