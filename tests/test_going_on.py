"""What goes on from the last build: of whom a run knows more, and nobody else."""

import shutil
from datetime import datetime

import pytest

from ingest.sql import connect
from tests.fixtures import line
from tests.grocer_runs import export, query

MADE = "select began_at from ops.run_parameters"
TABLES = ("customer_histories", "customer_baskets", "customer_days")


@pytest.fixture(scope="module")
def data(grocer, crm, tmp_path_factory):
    """Return a grocer's folder after one household has bought something else.

    Its clock was set back since the last run.
    """
    copy = shutil.copytree(grocer, tmp_path_factory.mktemp("going_on") / "data")
    with connect(copy / "build" / "warehouse.duckdb") as build:
        tables = build.execute(
            """select schema_name || '.' || table_name from duckdb_columns()
            where column_name = '_loaded_at' and schema_name = 'features'"""
        ).fetchall()
        assert len(tables) == 4
        for (table,) in tables:
            build.execute(
                f"update {table} set _loaded_at = _loaded_at + interval 1 day"
            )
    bought = line(1, 9_100, 1, datetime(2017, 12, 30, 12), "5.00")
    export(copy, "transactions_2017-12_more.csv.gz", [bought])
    outcome = crm(copy, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return copy


def test_the_run_has_gone_on(data):
    assert query(data, "select built_load_id from ops.run_parameters") != (None,)


@pytest.mark.parametrize("table", TABLES)
def test_one_customer_is_made_anew_and_nobody_is_lost(grocer, data, table):
    counts = f"select count(distinct customer_key) from features.{table}"
    assert query(data, counts) == query(grocer, counts)
    assert query(data, f"{counts} where _loaded_at = ({MADE})") == (1,)


def test_features_of_others_are_made_for_the_latest_date(grocer, data):
    features = "select count(*) from features.customer_features"
    assert query(data, features) == query(grocer, features)
    others = f"{features} where customer_id <> 'complete_journey:1'"
    made = query(data, f"{others} and _loaded_at = ({MADE})")
    assert made == query(grocer, f"{others} and is_latest")
    assert query(data, f"{others} and _loaded_at = ({MADE}) and not is_latest") == (0,)
