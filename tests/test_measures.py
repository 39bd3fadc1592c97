"""What Dagster's page shows of each table and model: read from its own records."""

import dagster as dg
import pytest


@pytest.fixture(scope="module")
def instance(grocer):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(grocer / "dagster"))
        with dg.DagsterInstance.get() as instance:
            yield instance


@pytest.fixture(scope="module")
def facts(instance):
    """Return what an asset's latest materialization says."""

    def read(*key):
        event = instance.get_latest_materialization_event(dg.AssetKey(list(key)))
        metadata = event.asset_materialization.metadata
        return {name: value.value for name, value in metadata.items()}

    return read


def test_every_published_table_says_its_rows_and_seconds(facts, published):
    tables = published.execute(
        """select schema_name, table_name from duckdb_tables()
        where schema_name in ('core', 'features', 'learned', 'marts')"""
    ).fetchall()
    assert len(tables) > 20
    for table in tables:
        (rows,) = published.execute(
            f"select count(*) from {'.'.join(table)}"
        ).fetchone()
        assert facts(*table)["dagster/row_count"] == rows, table
        if table[0] != "learned":
            assert facts(*table)["Execution Duration"] > 0, table


def test_money_is_the_total_of_net_amount(facts, published):
    (sold,) = published.execute(
        "select sum(net_amount)::double from core.fct_transactions"
    ).fetchone()
    for table in (("core", "fct_transactions"), ("marts", "customer_rfm")):
        assert facts(*table)["net_amount"] == sold > 0
    # One row per date: its total would be no money that anybody has.
    assert "net_amount" not in facts("features", "customer_features")
    assert "net_amount" not in facts("core", "dim_products")


def test_a_view_is_not_counted(facts):
    view = facts("staging", "stg_complete_journey__products")
    assert "dagster/row_count" not in view
    assert view["Execution Duration"] > 0


def test_a_raw_table_says_what_came_and_what_it_comes_to(facts, published):
    shown = facts("complete_journey", "transactions")
    rows, amount = published.execute(
        """select sum(load_files.rows_loaded), sum(load_files.control_amount)::double
        from ops.load_files inner join ops.loads using (load_id)
        where loads.table_name = 'transactions'"""
    ).fetchone()
    assert shown["new_rows"] == shown["dagster/row_count"] == rows
    assert shown["control_amount"] == amount
    assert "control_amount" not in facts("complete_journey", "products")


def test_a_model_is_observed_with_its_grade(instance, published):
    grades = published.execute(
        "select model_name, grade, verdict from marts.model_grades"
    ).fetchall()
    assert len(grades) == 2
    for model, grade, verdict in grades:
        (record,) = instance.fetch_observations(
            dg.AssetKey(["models", model]), limit=1
        ).records
        shown = record.asset_observation.metadata
        assert shown["verdict"].value == verdict
        assert (shown["grade"].value if grade else None) == grade


def test_the_publication_says_its_size_and_seconds(facts):
    shown = facts("published", "warehouse")
    assert shown["megabytes"] > 0
    assert shown["Execution Duration"] > 0
