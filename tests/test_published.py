"""What readers find in the published file of a small grocer."""

import re
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from dagster_project import published_notes
from dagster_project.published_notes import personal_values
from dbt_models import load_deployment
from ingest.contracts.sources import active_sources
from tests.fixtures import HOUSEHOLDS, PRODUCTS, small_grocer


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return small_grocer(tmp_path_factory.mktemp("same_grocer"))


def value(published, query):
    return published.execute(query).fetchone()[0]


def test_every_line_and_cent_arrives(published, lines):
    money = sum(Decimal(line["sales_value"]) for line in lines)
    found = published.execute(
        "select count(*), count(distinct transaction_key), sum(net_amount) "
        "from core.fct_transactions"
    ).fetchone()
    baskets = {line["basket_id"] for line in lines}
    assert found == (len(lines), len(baskets), money)


def test_reconciliation_has_every_step_and_no_difference(published, lines):
    money = sum(Decimal(line["sales_value"]) for line in lines)
    steps = published.execute(
        """select
            step similar to '.*: (left out|kept)' as is_exception,
            amount_in, amount_out, difference_amount
        from ops.reconciliation order by all"""
    ).fetchall()
    assert steps == [(False, money, money, 0)] * 6 + [(True, 0, 0, 0)] * 3


def test_gross_less_discount_is_net(published):
    assert value(
        published,
        "select count(*) from core.fct_transactions "
        "where gross_amount - discount_amount <> net_amount",
    ) == 0  # fmt: skip


def test_new_years_eve_is_in_the_old_year(published):
    assert published.execute(
        "select transaction_date, transaction_at from core.fct_transactions "
        "where source_transaction_id = '9001'"
    ).fetchone() == (date(2017, 12, 31), datetime(2018, 1, 1, 4, 30))


def test_unknown_members_take_what_no_dimension_knows(published, lines):
    unlisted = sum(line["product_id"] > PRODUCTS for line in lines)
    assert unlisted > 0
    assert (
        value(
            published,
            "select count(*) from core.fct_transactions where product_key = -1",
        )
        == unlisted
    )
    for table, key in {
        "dim_customers": "customer_key",
        "dim_customers_history": "customer_version_key",
        "dim_products": "product_key",
        "dim_products_history": "product_version_key",
        "dim_dates": "date_key",
    }.items():
        count = f"select count(*) from core.{table} where {key} = -1"
        assert value(published, count) == 1, table


def test_households_without_demographics_are_customers(published):
    assert value(
        published, "select count(*) from core.dim_customers where customer_key <> -1"
    ) == HOUSEHOLDS  # fmt: skip


def test_scores_and_segments_cover_every_buyer(published):
    customers, segments, lowest, highest = published.execute(
        """select count(*), count(rfm_segment), min(recency_score), max(recency_score)
        from marts.customer_rfm"""
    ).fetchone()
    assert (customers, segments) == (HOUSEHOLDS, HOUSEHOLDS)
    assert (lowest, highest) == (1, 5)


def test_kpis_are_computed_over_what_their_description_names(published):
    """Whoever computes one as kpi_definitions says finds its values."""
    description = value(
        published,
        """select comment from duckdb_columns()
        where table_name = 'kpi_definitions' and column_name = 'sql_expression'""",
    )
    (table,) = re.findall(r"rows of (\w+\.\w+) in a period", description)
    definitions = published.execute(
        "select kpi, sql_expression from marts.kpi_definitions"
    ).fetchall()
    for kpi, expression in definitions:
        computed = published.execute(
            f"""select
                cast(date_trunc('month', transaction_date) as date),
                cast({expression} as decimal(38, 4))
            from (
                select
                    *,
                    case when is_sale then transaction_key end as sale_key,
                    case when is_sale and customer_key <> -1 then customer_key end
                        as buyer_key,
                    transaction_date
                    = min(case when is_sale then transaction_date end)
                        over (partition by customer_key) as is_first_day
                from {table}
            )
            where transaction_date <= (select as_of_date from ops.build_info)
            group by all order by all"""
        ).fetchall()
        values = published.execute(
            """select period_start_date, kpi_value from marts.kpi_monthly
            where kpi = ? order by all""",
            [kpi],
        ).fetchall()
        assert computed == values, kpi


def test_kpi_months_add_up_to_days_and_to_the_fact(published):
    for kpi in ("net_sales_amount", "discount_amount", "transaction_count"):
        daily, monthly = (
            value(
                published, f"select sum(kpi_value) from marts.{t} where kpi = '{kpi}'"
            )
            for t in ("kpi_daily", "kpi_monthly")
        )
        assert daily == monthly, kpi
    assert (
        value(
            published,
            "select count(distinct period_start_date) from marts.kpi_daily",
        )
        == 92
    )


def test_a_month_that_the_data_begin_in_is_partial_only_if_days_miss(published):
    flags = published.execute(
        """select period_start_date, bool_and(is_partial_period)
        from marts.kpi_monthly group by all order by all"""
    ).fetchall()
    assert flags == [(date(2017, month, 1), False) for month in (10, 11, 12)]


def test_every_table_and_column_is_described(published):
    undescribed = published.execute(
        """select schema_name, table_name, column_name from duckdb_columns()
        where not internal and coalesce(comment, '') = ''
        union all
        select schema_name, table_name, null from duckdb_tables()
        where not internal and coalesce(comment, '') = ''"""
    ).fetchall()
    assert undescribed == []


def test_only_the_published_schemas_are_there(published):
    schemas = published.execute(
        "select distinct schema_name from duckdb_tables() order by 1"
    ).fetchall()
    assert schemas == [("core",), ("features",), ("learned",), ("marts",), ("ops",)]


def test_build_info_says_what_it_was_made_from(published, grocer):
    info = published.execute(
        "select as_of_date, known_at, load_ids, parameters, code_version, fingerprint "
        "from ops.build_info"
    ).fetchone()
    assert info[:3] == (date(2017, 12, 31), None, [1, 2, 3, 4, 5, 6, 7])
    assert '"timezone": "America/New_York"' in info[3]
    assert all(info[4:])


def test_the_ledger_agrees_with_itself(published):
    assert published.execute(
        """select bool_and(rows_read = rows_loaded + rows_rejected), sum(file_count)
        from ops.loads"""
    ).fetchone() == (True, 9)
    assert published.execute(
        "select count(*), count(distinct content_hash) from ops.load_files"
    ).fetchone() == (9, 9)


def test_quality_results_are_published_for_every_raw_table(published, grocer):
    found = published.execute(
        """select table_name, column_name, is_met from ops.quality_results
        where expectation like 'column_values_to_not_be_null%' or column_name is null"""
    ).fetchall()
    for source in active_sources(load_deployment(grocer)):
        for table in source.tables:
            # Nothing delivers promotions: neither met nor broken.
            is_met = None if table.name == "promotions" else True
            required = [column.name for column in table.columns if column.required]
            for column in (None, *required):
                name = f"{table.raw_schema}.{table.name}"
                assert (name, column, is_met) in found
    assert published.execute(
        "select bool_and(is_met), count(description) = count(*), "
        "count(defined_in) = count(*) from ops.quality_results"
    ).fetchone() == (True, True, True)


def test_personal_columns_are_not_published(published):
    from ingest.contracts.sources import read_sources

    personal = {
        column.name
        for source in read_sources()
        for table in source.tables
        for column in table.columns
        if column.personal
    }
    names = {
        name
        for (name,) in published.execute(
            "select distinct column_name from duckdb_columns()"
        ).fetchall()
    }
    assert personal.isdisjoint(names)


def test_a_personal_column_under_another_name_is_said(published, grocer, monkeypatch):
    deployment = load_deployment(grocer)
    assert personal_values(published, deployment) == []
    (source,) = active_sources(deployment)
    tables = tuple(
        replace(
            table,
            columns=tuple(
                replace(column, personal="contact")
                if (table.name, column.name) == ("transactions", "household_id")
                else column
                for column in table.columns
            ),
        )
        for table in source.tables
    )
    marked = [replace(source, tables=tables)]
    monkeypatch.setattr(published_notes, "active_sources", lambda _: marked)
    (told,) = personal_values(published, deployment)
    columns, _, what = told.partition(": ")
    assert "core.fct_transactions.source_customer_id" in columns.split(", ")
    # A key is a digest of it.
    assert "customer_key" not in columns
    assert "raw_complete_journey.transactions.household_id there as it is" in what


def test_readers_cannot_write(grocer):
    path = load_deployment(grocer).published_database
    with (
        duckdb.connect(path, read_only=True) as connection,
        pytest.raises(duckdb.InvalidInputException),
    ):
        connection.execute("delete from marts.customer_rfm")


def test_touchpoints_are_contacts_out_and_answers_in(published):
    rows = published.execute(
        """select source_customer_id, direction, touchpoint_type, channel, reaction,
            touchpoint_date::varchar, campaign_name, coupon_count, product_count
        from core.fct_touchpoints
        inner join core.dim_channels using (channel_key)
        inner join core.dim_campaigns using (campaign_key)
        order by all"""
    ).fetchall()
    sent = ("outbound", "promotion", "mail")
    # The coupon that stands in the export twice is one.
    campaign = ("Campaign 1", 1, 1)
    assert rows == [
        ("1", "inbound", "redemption", "store", None, "2017-11-05", *campaign),
        ("1", *sent, "responded", "2017-11-01", *campaign),
        ("2", *sent, "none", "2017-11-01", *campaign),
    ]


def test_campaign_results_count_customers_not_contacts(published):
    assert published.execute(
        """select contact_count, contacted_customer_count, response_count,
            responding_customer_count, response_rate, average_days_to_response,
            is_running, cost_amount from marts.campaign_results"""
    ).fetchall() == [(2, 2, 1, 1, Decimal("0.5000"), Decimal("4.0"), False, None)]
