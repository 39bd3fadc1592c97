"""What a publication says about its own tables and columns."""

import pytest

from ingest.contracts.sources import read_sources


def ends(published, column):
    """Follow made_from down to columns that are made from nothing, in plain SQL."""
    found = published.execute(
        """with recursive

        columns as (
            select
                schema_name || '.' || table_name || '.' || column_name as name,
                made_from
            from ops.catalog_columns
        ),

        behind as (
            select name, made_from from columns where name = ?
            union
            select columns.name, columns.made_from
            from (select unnest(made_from) as parent from behind) as parents
            inner join columns on columns.name = parents.parent
        )

        select name from behind where len(made_from) = 0""",
        [column],
    ).fetchall()
    return {name for (name,) in found}


RAW = "raw_complete_journey"
BUSINESS_DATE = {f"{RAW}.transactions.transaction_timestamp"}
AS_OF_DATE = {*BUSINESS_DATE, "ops.run_parameters.as_of_date", "ops.loads.loaded_at"}
DATES = {
    *AS_OF_DATE,
    f"{RAW}.campaign_descriptions.start_date",
    f"{RAW}.coupon_redemptions.redemption_date",
}
HOUSEHOLD = {f"{RAW}.transactions.household_id", f"{RAW}.demographics.household_id"}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("core.fct_transactions.net_amount", {f"{RAW}.transactions.sales_value"}),
        (
            "core.fct_transactions.gross_amount",
            {
                f"{RAW}.transactions.{column}"
                for column in ("sales_value", "retail_disc", "coupon_match_disc")
            },
        ),
        ("core.fct_transactions.transaction_date", BUSINESS_DATE),
        ("core.fct_transactions.customer_key", HOUSEHOLD),
        ("core.dim_customers.income_band", {f"{RAW}.demographics.income"}),
        ("core.dim_products.department", {f"{RAW}.products.department"}),
        ("core.dim_dates.date_day", DATES),
        ("marts.customer_rfm.customer_id", HOUSEHOLD),
        (
            "marts.customer_rfm.monetary_score",
            {f"{RAW}.transactions.sales_value", *AS_OF_DATE},
        ),
        ("marts.customer_rfm.rfm_segment", {"seeds.rfm_segments.rfm_segment"}),
        ("marts.kpi_daily.period_start_date", DATES),
    ],
)
def test_columns_end_at_the_exports(published, column, expected):
    constants = {end for end in ends(published, column) if end.startswith("staging.")}
    assert ends(published, column) - constants == expected


def test_every_column_that_sql_makes_is_traced(published):
    assert published.execute(
        "select schema_name, table_name, column_name, untraced_reason "
        "from ops.catalog_columns where untraced_reason is not null"
    ).fetchall() == []  # fmt: skip
    # What comes from no column is computed, or null in every source.
    nowhere = published.execute(
        """select catalog_columns.table_name, column_name
        from ops.catalog_columns
        inner join ops.catalog_tables using (schema_name, table_name)
        where sql_definition is not null and len(catalog_columns.made_from) = 0
            and len(expressions) = 0
        order by all"""
    ).fetchall()
    # No source of the grocer's supplies contact fields.
    contacts = {"int_contacts", "int_consent_sources", "customer_contacts"}
    assert {column for table, column in nowhere if table not in contacts} <= {
        "country",
        "touchpoint_at",
        "unit_price",
    }


def test_the_published_tables_are_those_that_are_there(published):
    assert (
        published.execute(
            """select schema_name, table_name, column_name, lower(data_type)
        from duckdb_columns() where not internal order by all"""
        ).fetchall()
        == published.execute(
            """select schema_name, table_name, column_name, data_type
        from ops.catalog_columns
        inner join ops.catalog_tables using (schema_name, table_name)
        where is_published order by schema_name, table_name, column_name"""
        ).fetchall()
    )


def test_descriptions_are_those_of_the_file(published):
    different = published.execute(
        r"""select catalog_columns.table_name, catalog_columns.column_name
        from ops.catalog_columns
        inner join duckdb_columns() as there
            using (schema_name, table_name, column_name)
        where trim(regexp_replace(there.comment, '\s+', ' ', 'g'))
            <> catalog_columns.description"""
    ).fetchall()
    assert different == []


def test_raw_tables_are_there_with_every_column_of_their_contract(published):
    found = dict(
        published.execute(
            """select
                schema_name || '.' || table_name,
                list(column_name order by column_position)
            from ops.catalog_columns where schema_name like 'raw_%' group by all"""
        ).fetchall()
    )
    (contract,) = (s for s in read_sources() if s.name == "complete_journey")
    assert set(found) == {f"{RAW}.{table.name}" for table in contract.tables}
    for table in contract.tables:
        columns = found[f"{RAW}.{table.name}"]
        assert columns[: len(table.types)] == list(table.types)
        assert all(column.startswith("_") for column in columns[len(table.types) :])


def test_lineage_names_only_what_is_in_the_catalogue(published):
    for level, name in (
        ("catalog_tables", "schema_name || '.' || table_name"),
        ("catalog_columns", "schema_name || '.' || table_name || '.' || column_name"),
    ):
        dangling = published.execute(
            f"""select parent from (
                select unnest(made_from) as parent from ops.{level}
            ) where parent not in (select {name} from ops.{level})"""
        ).fetchall()
        assert dangling == []


def test_columns_are_made_from_tables_that_their_table_is_made_from(published):
    assert published.execute(
        """select columns.table_name, columns.column_name, parent
        from (
            select *, unnest(made_from) as parent from ops.catalog_columns
        ) as columns
        inner join ops.catalog_tables as tables using (schema_name, table_name)
        where not list_contains(
            tables.made_from, parent[: -len(split(parent, '.')[-1]) - 2]
        )"""
    ).fetchall() == []  # fmt: skip


def test_what_macros_read_late_is_lineage_too(published):
    # dbt itself does not know that the control amounts are of raw rows.
    made_from = dict(
        published.execute(
            "select table_name, made_from from ops.catalog_tables"
        ).fetchall()
    )
    assert f"{RAW}.transactions" in made_from["control_amounts"]
    assert {"marts.customer_rfm", "ops.loads"} <= set(made_from["reconciliation"])


def test_no_path_of_the_machine_is_published(published, grocer):
    assert published.execute(
        "select count(*) from ops.catalog_tables where contains(sql_definition, ?)",
        [str(grocer)],
    ).fetchone() == (0,)
