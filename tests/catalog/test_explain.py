"""`crm explain`: sentences and trees for the person who asks."""

import pytest

from dagster_project.catalog.explain import print_explanation
from dbt_models import WarehouseError


@pytest.fixture
def explain(published, capsys):
    def run(name, connection=published):
        print_explanation(connection, name)
        return capsys.readouterr().out

    return run


def test_a_column(crm, grocer):
    outcome = crm(grocer, "explain", "core.fct_transactions.net_amount")
    assert outcome.returncode == 0, outcome.stderr
    lines = outcome.stdout.splitlines()
    assert lines[0] == "core.fct_transactions.net_amount  decimal(18,4)"
    assert lines[1].startswith("  What the company received for the line")
    made_from = lines[lines.index("Made from") + 1 :]
    assert made_from[0] == "  conformed.int_transactions.net_amount"
    assert made_from[1] == (
        "    net_amount = CASE WHEN exchange_rate = 1 THEN net_amount "
        "WHEN ABS(net_amount) < 90000000 / exchange_rate "
        "THEN CAST(net_amount * exchange_rate AS DECIMAL(18, ..."
    )
    chain = " ← ".join(
        [
            "    staging.int_complete_journey__transactions.net_amount",
            "staging.stg_complete_journey__transactions.sales_value",
            "raw_complete_journey.transactions.sales_value",
        ]
    )
    assert chain in made_from
    assert "  features.customer_baskets.net_amount" in lines
    assert (
        "  exports/complete_journey/transactions_*.csv.gz: "
        "raw_complete_journey.transactions (sales_value)" in lines
    )
    assert "newest file complete_journey/transactions_2017-12.csv.gz" in outcome.stdout
    assert lines[-1].endswith("looks up to 2017-12-31.")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("customer_rfm.net_amount", "marts.customer_rfm.net_amount  decimal(38,4)"),
        ("CUSTOMER_RFM", "marts.customer_rfm  36 rows"),
        ("is_repeat_customer", "marts.customer_loyalty.is_repeat_customer  boolean"),
        ("net_sales_amount", "net_sales_amount  KPI, in base currency"),
        (
            "complete_journey.products",
            "raw_complete_journey.products (inside the pipeline, not published)",
        ),
    ],
)
def test_names_may_be_short(explain, name, first):
    assert explain(name).splitlines()[0] == first


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("customer_rfm.net_amout", "Did you mean 'customer_rfm.net_amount'?"),
        ("marts.customer_rmf", "Did you mean 'marts.customer_rfm'?"),
        ("receny_score", "Did you mean 'recency_score'?"),
        ("zzz", "`crm catalog` shows what there is."),
        # All are published; the pipeline's own are not offered.
        (
            "net_amount",
            "say which:\n  core.fct_transactions.net_amount\n"
            "  features.customer_baskets.net_amount\n"
            "  features.customer_days.net_amount\n"
            "  features.customer_features.net_amount\n"
            "  marts.customer_360.net_amount\n"
            "  marts.customer_rfm.net_amount\n"
            "  marts.market_segments.net_amount",
        ),
        ("average_transaction_amount", "kpi.average_transaction_amount"),
    ],
)
def test_names_that_are_not_clear(explain, name, message):
    with pytest.raises(WarehouseError) as error:
        explain(name)
    assert message in str(error.value)


def test_a_table(explain):
    text = explain("customer_rfm")
    assert "One row per customer who bought up to as_of_date." in text
    assert "  rfm_segment                  varchar " in text
    baskets = (
        "\n  features.customer_baskets\n    conformed.int_as_of_date (see above)\n"
    )
    assert f"{baskets}    core.fct_transactions\n" in text
    assert "  seeds.rfm_segments: " not in text
    assert "  dbt_models/seeds/rfm_segments.csv: seeds.rfm_segments" in text
    assert "exports/complete_journey/demographics*.csv" in text
    assert "exports/complete_journey/coupons" not in text


def test_a_raw_table_that_never_came(explain):
    text = explain("complete_journey.promotions")
    assert "exports/complete_journey/promotions*.parquet" in text
    assert "nothing loaded yet" in text


def test_trees_fit_on_a_screen_or_two(explain, published):
    names = published.execute(
        """select schema_name || '.' || table_name || '.' || column_name
        from ops.catalog_columns
        inner join ops.catalog_tables using (schema_name, table_name)
        where is_published and sql_definition is not null"""
    ).fetchall()
    assert len(names) > 80
    for (name,) in names:
        tree = explain(name).partition("Made from\n")[2].partition("\n\n")[0]
        lines = tree.splitlines()
        assert len(lines) <= 61, name
        cut = any(line.endswith(" ...") and "=" not in line for line in lines)
        assert cut == ("crm explain COLUMN goes on" in tree), name


def test_what_could_not_be_traced_is_said_where_it_is_met(explain, changed):
    changed.execute(
        """update ops.catalog_columns
        set made_from = [], untraced_reason = 'it is not clear where x comes from'
        where table_name = 'int_transactions' and column_name = 'net_amount'"""
    )
    text = explain("core.fct_transactions.net_amount", changed)
    assert (
        "    could not be traced through conformed.int_transactions: "
        "it is not clear where x comes from" in text
    )


@pytest.mark.parametrize("command", [["explain", "customer_rfm"], ["catalog"]])
def test_before_anything_is_published(crm, tmp_path, command):
    outcome = crm(tmp_path, *command)
    assert outcome.returncode == 1
    assert "nothing is published yet" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_publication_of_older_code(explain, changed):
    changed.execute("drop table ops.catalog_tables")
    with pytest.raises(WarehouseError, match="`crm run` publishes it anew"):
        explain("customer_rfm", changed)


def test_a_column_that_only_counts_has_the_files_of_its_table(crm, grocer):
    explained = crm(grocer, "explain", "campaign_results.response_count").stdout
    assert "exports/complete_journey/coupon_redemptions*.csv" in explained
    assert "last loaded" in explained
