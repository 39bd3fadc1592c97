"""Rows that come late: in the features from when they were known, not before."""

import shutil

import duckdb
import pytest

from tests.project_copy import EXPORTS, RECEIPTS, crm, project_with_corner_shop

LATE = {
    # A receipt of February that was found in August.
    "receipts_2026-08-15.csv": f"{RECEIPTS}L1,1,m1,2026-02-20 10:00:00,5.00\n",
    # All receipts of the first file once more, as they were; one is corrected.
    "receipts_2026-09-05.csv": EXPORTS["receipts_1.csv"].replace(",4.00", ",4.50"),
    # It was right before.
    "receipts_2026-09-20.csv": f"{RECEIPTS}R2,1,,2026-02-01 09:00:00,4.00\n",
    # Business goes on, so that there are month ends after it.
    # A house is sold.
    "receipts_2026-10-02.csv": f"{RECEIPTS}R5,1,m2,2026-10-01 10:00:00,1.00\n"
    "R7,1,m3,2026-10-01 10:00:00,250000000.00\n",
    # Later than the last date. Two rows say that it was sold at another time.
    "receipts_2026-10-05.csv": f"{RECEIPTS}"
    "R5,1,m2,2026-10-01 10:00:00,1.00\n"
    "L2,1,m1,2026-09-20 10:00:00,5.00\n"
    "L2,1,m1,2026-09-20 11:00:00,5.00\n"
    "L2,1,m1,2026-09-20 11:00:00,5.00\n"
    "R5,1,m2,2026-10-01 10:00:00,1.00\n"
    "L2,1,m1,2026-09-20 10:00:00,5.00\n",
    # A later file says it once.
    "receipts_2026-10-03.csv": f"{RECEIPTS}"
    "L3,1,m1,2026-09-21 10:00:00,5.00\n"
    "L3,1,m1,2026-09-21 11:00:00,5.00\n",
    "receipts_2026-10-04.csv": f"{RECEIPTS}L3,1,m1,2026-09-21 11:00:00,5.00\n",
    # It was no sale, and is left out.
    "receipts_2026-09-21.csv": f"{RECEIPTS}R6,1,m2,2026-07-03 10:00:00,0.00\n",
}
M1 = """
    select as_of_date::varchar, lifetime_transaction_count, lifetime_net_amount::double,
        last_transaction_date::varchar
    from features.customer_features
    where customer_id = 'corner_shop:m1' and as_of_date >= '2026-06-30'
    order by as_of_date
"""


@pytest.fixture(scope="module")
def late(tmp_path_factory):
    """Return a shop that only knows from its deliveries when it knew what.

    And what its status was before the late rows, and what the run with them said.
    """
    project = project_with_corner_shop(tmp_path_factory.mktemp("late") / "project")
    contract = (
        project / "dbt_models/models/sources/corner_shop/_corner_shop__sources.yml"
    )
    text = contract.read_text()
    assert "            known_at: sold_at\n" in text
    contract.write_text(text.replace("            known_at: sold_at\n", ""))
    with contract.with_name("int_corner_shop__transactions.sql").open("a") as model:
        model.write("where amount <> 0\n")
    exports = project / "data/exports/corner_shop"
    (exports / "receipts_3.csv").write_text(
        f"{RECEIPTS}R6,1,m2,2026-07-03 10:00:00,3.00\n"
    )
    crm(project, "run")
    status = crm(project, "status")
    for name, content in LATE.items():
        (exports / name).write_text(content)
    return project, status, crm(project, "run")


@pytest.fixture(scope="module")
def project(late):
    return late[0]


def query(project, sql):
    path = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def from_nothing(project, tmp_path_factory):
    """Return what a run publishes that does not go on from the one before."""
    copy = tmp_path_factory.mktemp("from_nothing") / "project"
    shutil.copytree(project, copy)
    for made in ("build", "published"):
        shutil.rmtree(copy / "data" / made)
    crm(copy, "run")
    return copy


def test_features_know_a_late_row_from_its_delivery_on(project):
    before, after = (1, 12.5, "2026-01-10"), (2, 17.5, "2026-02-20")
    assert query(project, M1) == [
        ("2026-06-30", *before),
        ("2026-07-31", *before),
        ("2026-08-31", *after),
        ("2026-09-30", *after),
        ("2026-10-01", *after),
    ]


def test_the_backfill_is_known_from_when_it_happened(project):
    assert query(
        project,
        """select min(as_of_date)::varchar, min(lifetime_net_amount)::double
        from features.customer_features where customer_id = 'corner_shop:m1'""",
    ) == [("2026-01-31", 12.5)]


def test_what_is_delivered_again_was_known_before(project):
    assert query(
        project,
        """select source_line_id, known_at::date::varchar, net_amount::double
        from core.fct_transactions where source_line_id in ('R1-1', 'R2-1')
        order by all""",
    ) == [("R1-1", "1900-01-01", 10.0), ("R2-1", "2026-09-19", 4.0)]


def test_what_came_after_the_last_date_is_said(late):
    """Of the receipts before 1 October one was; of 1 October, as always, the last."""
    _, before, said = late
    assert "became known after it" not in before
    assert "corner_shop: 2 of the transaction lines before 2026-10-01 became" in said


def test_large_amounts_are_amounts(project):
    assert query(
        project,
        """select net_amount::varchar from marts.customer_rfm
        where customer_id = 'corner_shop:m3'""",
    ) == [("250000000.0000",)]


def test_rows_with_one_key_and_amount_that_do_not_count_are_said(late):
    _, before, said = late
    assert "left out" not in before
    assert (
        "corner_shop.receipts: 2 rows are left out, the first of them row 3 of "
        "exports/corner_shop/receipts_2026-10-05.csv: a later one there has the same "
        "key (receipt, line) and the same amount, and other values elsewhere. If each "
        "counts, write more columns into the key of corner_shop.receipts, or take it"
    ) in said


def test_labels_go_by_all_that_is_known_now(project):
    """The receipt of February was missing until August; the customer was not gone."""
    assert query(
        project,
        """select next_transaction_date::varchar from features.churn_labels
        where customer_id = 'corner_shop:m1' and as_of_date = '2026-01-31'""",
    ) == [("2026-02-20",)]


def test_a_run_that_goes_on_makes_what_one_from_nothing_makes(project, from_nothing):
    (gone_on,) = query(project, "select built_load_id from ops.run_parameters")
    assert gone_on != (None,)
    (began,) = query(from_nothing, "select built_load_id from ops.run_parameters")
    assert began == (None,)
    tables = query(
        project,
        """select schema_name || '.' || table_name from duckdb_tables()
        where schema_name in ('core', 'features', 'marts')
            or table_name in ('catalog_tables', 'catalog_columns')""",
    )
    assert ("core.fct_transactions",) in tables
    for (table,) in tables:
        rows = f"""select columns(c -> not starts_with(c, '_loaded'))
            from {table} order by all"""
        assert query(project, rows) == query(from_nothing, rows), table


def test_what_its_source_leaves_out_by_now_is_gone(project):
    """Its receipt was corrected to nothing, which this shop does not count."""
    assert (
        query(
            project, "select * from core.fct_transactions where source_line_id = 'R6-1'"
        )
        == []
    )
