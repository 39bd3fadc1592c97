"""Column lineage on the shapes of SQL that models have."""

import pytest

from dagster_project.catalog.lineage import KnownTables, Trace

TABLES = {
    "staging.orders": {"id": "varchar", "buyer": "varchar", "amount": "decimal(9, 2)"},
    "staging.visits": {"id": "varchar", "buyer": "varchar", "seen_at": "timestamp"},
    "raw_shop.lines": {"LineNo": "varchar", "Price": "double"},
}


def trace(sql):
    return Trace(KnownTables(TABLES), sql)


def origin(sql, column):
    found = trace(sql).origin(column)
    assert found.untraced is None
    return set(found.made_from), list(found.expressions)


@pytest.mark.parametrize(
    ("sql", "made_from", "expressions"),
    [
        pytest.param(
            "select amount as x from staging.orders",
            {"staging.orders.amount"},
            [],
            id="taken over",
        ),
        pytest.param(
            'select "amount" as x from "warehouse"."staging"."orders"',
            {"staging.orders.amount"},
            [],
            id="as dbt names tables",
        ),
        pytest.param(
            """with orders as (select * from staging.orders),
            doubled as (select *, amount * 2 as twice from orders)
            select twice + 1 as x from doubled""",
            {"staging.orders.amount"},
            ["x = twice + 1", "twice = amount * 2"],
            id="chain of CTEs and stars",
        ),
        pytest.param(
            """with lines as (
                select cast(id as varchar) as key, 'a' as source from staging.orders
                union all
                select cast(null as varchar) as key, 'b' as source from staging.visits
            )
            select source || ':' || key as x from lines""",
            {"staging.orders.id"},
            ["x = source || ':' || key", "source = 'a'", "source = 'b'"],
            id="union of sources, one of which lacks the column",
        ),
        pytest.param(
            """select id as x from staging.orders
            union all select buyer from staging.visits""",
            {"staging.orders.id", "staging.visits.buyer"},
            [],
            id="union by position",
        ),
        pytest.param(
            """select 'b' || id as x from staging.orders
            union all select 'a' || id as x from staging.visits""",
            {"staging.orders.id", "staging.visits.id"},
            ["x = 'a' || id", "x = 'b' || id"],
            id="union whose parts compute",
        ),
        pytest.param(
            """select row_number() over (partition by buyer order by amount) as x
            from staging.orders""",
            {"staging.orders.buyer", "staging.orders.amount"},
            ["x = ROW_NUMBER() OVER (PARTITION BY buyer ORDER BY amount)"],
            id="window",
        ),
        pytest.param(
            """select orders.amount / count(*) over () as x, visits.seen_at
            from staging.orders as orders
            left join staging.visits as visits on orders.buyer = visits.buyer""",
            {"staging.orders.amount"},
            ["x = amount / COUNT(*) OVER ()"],
            id="join",
        ),
        pytest.param(
            """select buyer as x
            from staging.orders full join staging.visits using (buyer)""",
            {"staging.orders.buyer", "staging.visits.buyer"},
            ["x = COALESCE(buyer, buyer)"],
            id="join using",
        ),
        pytest.param(
            """select (select max(seen_at) from staging.visits) as x
            from staging.orders""",
            {"staging.visits.seen_at"},
            [
                "x = (SELECT MAX(seen_at) AS _col_0 FROM staging.visits AS visits)",
                "_col_0 = MAX(seen_at)",
            ],
            id="subquery",
        ),
        pytest.param(
            """select x from (select amount as x from staging.orders) as inner_query
            where x > 0""",
            {"staging.orders.amount"},
            [],
            id="derived table",
        ),
        pytest.param(
            'select left("LineNo", 1) as x from raw_shop.lines',
            {"raw_shop.lines.LineNo"},
            ['x = LEFT("LineNo", 1)'],
            id="names as the export spells them",
        ),
        pytest.param(
            "select count(*) as x from staging.orders",
            set(),
            ["x = COUNT(*)"],
            id="counts rows",
        ),
        pytest.param(
            """with bounds as (select min(seen_at) as first from staging.visits)
            select unnest(generate_series(first, first, interval 1 day)) as x
            from bounds""",
            {"staging.visits.seen_at"},
            [
                "x = UNNEST(GENERATE_SERIES(first, first, INTERVAL '1' DAY))",
                "first = MIN(seen_at)",
            ],
            id="unnest",
        ),
    ],
)
def test_made_from(sql, made_from, expressions):
    assert origin(sql, "x") == (made_from, expressions)


def test_tables_are_those_read_and_not_the_ctes():
    sql = "with visits as (select * from staging.orders) select * from visits"
    assert trace(sql).tables == {"staging.orders"}


def test_every_column_of_a_star_is_traced():
    sql = "with lines as (select * from staging.orders) select * from lines"
    found = trace(sql)
    for column in TABLES["staging.orders"]:
        assert found.origin(column).made_from == (f"staging.orders.{column}",)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select frobnicate from where from", "its SQL was not understood: "),
        ("select y from staging.orders", "does not give this column by name"),
        ("select x from elsewhere.unheard_of", "elsewhere.unheard_of.x is not"),
        ("select x from read_csv('list.csv')", "is not a column of a table"),
        ("select * from elsewhere.unheard_of", "its SQL does not give"),
        (
            "select x from staging.orders as a join staging.visits as b on a.id = b.id",
            "not clear which table x is from",
        ),
    ],
)
def test_what_cannot_be_traced_is_said(sql, reason):
    found = trace(sql).origin("x")
    assert reason in found.untraced
    assert found.made_from == ()


def test_what_is_traced_stays_when_a_part_is_not():
    sql = """select coalesce(orders.amount, others.amount) as x
    from staging.orders as orders join elsewhere.others as others using (id)"""
    found = trace(sql).origin("x")
    assert found.made_from == ("staging.orders.amount",)
    assert "elsewhere.others.amount is not" in found.untraced
