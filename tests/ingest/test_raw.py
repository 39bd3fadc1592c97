"""The raw views: every landed row, typed, with its file and its place there."""

from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from dbt_models import WarehouseError, load_deployment
from ingest.builds import Asked, open_build
from ingest.contracts.sources import read_sources
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.raw import show_table
from tests.fixtures import small_grocer
from tests.ingest.shop import SALES, TYPES, Shop, columns

HEADER = "id,amount,note\n"
BEGINNING = datetime(1900, 1, 1)


def test_row_numbers_count_within_the_file(shop):
    shop.export("sales_1.csv", HEADER + "10,1,a\n11,1,a\n12,1,a\n")
    shop.export("sales_2.csv", "note,id,amount\nb,20,1\nb,21,1\n")
    shop.export("sales_3.csv", HEADER)
    shop.export("sales_4.csv", HEADER + "40,1,d\n41,1,d\n")
    shop.export_parquet("sales_5.parquet", "select 50 as id, 1 as amount, 'e' as note")
    shop.export("sales_6.csv", "id,amount,note,more\n60,1,f,x\n61,1,f,x\n")
    shop.land()
    shop.export("sales_7.csv", HEADER + "70,1,g\n71,1,g\n")
    shop.land()
    rows = shop.rows("id, _row_number")
    assert sorted(rows) == sorted(
        (first + number, number + 1)
        for first, count in ((10, 3), (20, 2), (40, 2), (50, 1), (60, 2), (70, 2))
        for number in range(count)
    )


def test_row_numbers_are_right_in_files_read_in_parallel(shop):
    for file in range(3):
        rows = "".join(f"{row},{file},x\n" for row in range(1, 150_001))
        shop.export(f"sales_{file}.csv", HEADER + rows)
    shop.land()
    shop.show()
    counts = """count(*), count(*) filter (_row_number = id),
        count(*) filter (_file_id = amount + 1)"""
    assert shop.query(f"select {counts} from raw_shop.sales") == [(450_000,) * 3]


def test_file_and_load_ids_lead_to_the_ledger(shop):
    for number in (1, 2, 3):
        shop.export(f"sales_{number}.csv", HEADER + f"{number},1,a\n")
        if number != 1:
            shop.land()
    assert shop.rows("id, _load_id, _file_id") == [(1, 1, 1), (2, 1, 2), (3, 2, 3)]
    files = shop.query(
        """select id, path from raw_shop.sales join ops.load_files
            on _load_id = load_id and _file_id = file_id order by id"""
    )
    assert files == [(number, f"shop/sales_{number}.csv") for number in (1, 2, 3)]


EXPECTED_TYPES = [
    ("id", "BIGINT"),
    ("amount", "DECIMAL(12,2)"),
    ("note", "VARCHAR"),
    ("_load_id", "INTEGER"),
    ("_file_id", "INTEGER"),
    ("_file_number", "INTEGER"),
    ("_row_number", "BIGINT"),
    ("_delivered_at", "TIMESTAMP"),
    ("_known_at", "TIMESTAMP"),
]


@pytest.mark.parametrize("rows", [0, 1], ids=["never delivered", "delivered"])
def test_the_view_has_the_contracts_types(shop, rows):
    if rows:
        shop.export("sales.csv", "more,note,amount,id\nx,a,1,1\n")
        shop.land()
    assert len(shop.rows("*")) == rows
    described = shop.query("describe raw_shop.sales")
    assert [row[:2] for row in described] == EXPECTED_TYPES


@pytest.mark.parametrize(
    "name",
    ["_row_number", "_known_at", "load_id", "filename", "rowid", "select", "a b"]
    + ["it's", 'say ""hi""', "größe", "id "],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_unknown_column_may_have_any_name(shop, name, ending):
    export_with(shop, f"sales.{ending}", name)
    shop.land()
    expected = [(1, 1, 1, 1, BEGINNING), (2, 1, 1, 2, BEGINNING)]
    assert shop.rows("id, _load_id, _file_id, _row_number, _known_at") == expected


@pytest.mark.parametrize(
    "name", ["_load_id", "_file_id", "_FILE_ID", "file_index", "file_row_number"]
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_names_that_landing_itself_needs_are_refused(shop, name, ending):
    export_with(shop, f"sales.{ending}", name)
    told = rf"exports/shop/sales\.{ending}: wrong header: .*{name}"
    with pytest.raises(WarehouseError, match=told):
        shop.land()
    assert shop.loads() == []


def export_with(shop: Shop, file: str, column: str) -> None:
    """Export two rows with one more column, whose name stands as in quotes."""
    if file.endswith("csv"):
        shop.export(file, f'"{column}",id,amount,note\n7,1,1,a\n7,2,1,b\n')
    else:
        query = f"""select 7 as "{column}", id, 1 as amount, 'a' as note
            from range(1, 3) as ids (id)"""
        shop.export_parquet(file, query)


def test_a_column_that_the_contract_learns_later_is_empty_before(shop):
    shop.export("sales_1.csv", HEADER + "1,1,a\n")
    shop.land()
    grown = {"columns": columns({**TYPES, "points": "integer"})}
    assert shop.rows("id, points", **grown) == [(1, None)]
    shop.export("sales_2.csv", "id,amount,note,points\n2,2,b,5\n")
    shop.land(**grown)
    assert shop.rows("id, points", **grown) == [(1, None), (2, 5)]


def test_an_unknown_column_takes_the_type_that_the_contract_learns(shop):
    shop.export("sales_1.csv", "id,amount,note,points\n1,1,a,4\n")
    shop.land()
    grown = {"columns": columns({**TYPES, "points": "integer"})}
    assert shop.rows("id, points", **grown) == [(1, 4)]
    shop.export("sales_2.csv", "id,amount,note,points\n2,2,b,5\n")
    shop.land(**grown)
    assert shop.rows("id, points", **grown) == [(1, 4), (2, 5)]


def test_a_column_that_the_contract_forgets_is_not_shown(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    shop.land()
    less = {"columns": columns({"id": "bigint", "amount": "decimal(12, 2)"})}
    shop.show(**less)
    assert "note" not in [row[0] for row in shop.query("describe raw_shop.sales")]


def test_a_column_that_was_renamed_keeps_what_was_landed(shop):
    shop.export("sales_1.csv", HEADER + "1,1,a\n")
    shop.land()
    renamed = columns({"id": "bigint", "amount": "decimal(12, 2)", "text": "varchar"})
    with pytest.raises(WarehouseError) as told:
        shop.show(columns=renamed)
    assert str(told.value).startswith(
        "shop.sales: rows landed up to load 1 lack the column text, and have note, "
        "which the contract no longer has."
    )
    assert "`was: [note]`" in str(told.value)
    for was, before in ((("older", "note"), "a"), ((), None)):
        declared = (*renamed[:2], replace(renamed[2], was=was))
        assert shop.rows("id, text", columns=declared) == [(1, before)]
    shop.export("sales_2.csv", "id,amount,text\n2,2,b\n3,3,\n")
    renamed = (*renamed[:2], replace(renamed[2], was=("note",)))
    shop.land(columns=renamed)
    found = shop.rows("id, text", columns=renamed)
    assert found == [(1, "a"), (2, "b"), (3, None)]


def test_a_column_that_was_renamed_takes_the_type_of_the_contract(shop):
    shop.export("sales_1.csv", HEADER + "1,1,7\n2,1,\n")
    shop.land()
    number = replace(columns({"points": "integer"})[0], was=("note",))
    renamed = (*SALES.columns[:2], number)
    assert shop.rows("id, points", columns=renamed) == [(1, 7), (2, None)]
    shop.export("sales_2.csv", HEADER + "3,1,secret\n")
    shop.land()
    with pytest.raises(WarehouseError, match="column points: 1 rows that are landed"):
        shop.show(columns=renamed)


def test_an_earlier_name_says_nothing_where_a_file_has_the_new_one(shop):
    """Of a system in transition, which exports both; each file for itself."""
    called = dict(zip(["id", "amount", "member"], TYPES.values(), strict=True))
    shop.export("sales_1.csv", "id,amount,member\n1,1,old\n")
    shop.export("sales_2.csv", "id,amount,member,customer\n2,1,7,\n")
    shop.land(columns=columns(called))
    renamed = columns({**TYPES, "customer": "varchar"})
    renamed = (*renamed[:2], replace(renamed[3], was=("member",)))
    shop.export("sales_3.csv", "id,amount,customer,member\n3,1,,no\n4,1,c,no\n")
    shop.land(columns=renamed)
    shop.export("sales_4.csv", "id,amount,customer\n5,1,d\n")
    shop.land(columns=renamed)
    found = shop.rows("id, customer", columns=renamed)
    assert found == [(1, "old"), (2, None), (3, None), (4, "c"), (5, "d")]


def test_what_an_earlier_name_does_not_say_may_be_of_any_type(shop):
    points = replace(columns({"points": "integer"})[0], was=("note",))
    renamed = (*SALES.columns[:2], points)
    shop.export("sales.csv", "id,amount,points,note\n1,1,7,secret\n2,1,,secret\n")
    shop.land(columns=renamed)
    assert shop.rows("id, points", columns=renamed) == [(1, 7), (2, None)]


def test_when_a_row_was_known_may_have_been_called_otherwise(shop):
    paid = columns({**TYPES, "paid_at": "timestamp"})
    shop.export("sales.csv", "id,amount,note,paid_at\n1,1,a,2026-01-01 10:00:00\n")
    shop.land(columns=paid)
    renamed = (*paid[:3], replace(paid[3], name="known", was=("paid_at",)))
    known = {"columns": renamed, "known_at": "known"}
    assert shop.rows("_known_at", **known) == [(datetime(2026, 1, 1, 10),)]


def test_a_columns_name_is_known_in_other_letters(shop):
    shop.export("sales_1.csv", HEADER + "1,1.50,a\n")
    shop.land()
    louder = {
        "columns": columns({"ID": "bigint", "Amount": "decimal(12, 2)"}),
        "control_amount": "Amount",
        "key": ("ID",),
    }
    assert shop.rows("id, amount", **louder) == [(1, Decimal("1.50"))]
    shop.export("sales_2.csv", "ID,Amount\n2,2\n")
    shop.land(**louder)
    assert shop.rows("id", **louder) == [(1,), (2,)]


def test_a_column_that_goes_long_after_another_came_is_not_its_earlier_name(shop):
    """Nor is one that the contract never had, nor one of a file without rows."""
    shop.export("sales_1.csv", "id,amount,note,other\n1,1,a,x\n")
    shop.land()
    grown = columns({**TYPES, "points": "integer"})
    assert shop.rows("points", columns=grown) == [(None,)]
    shop.export("sales_2.csv", "id,amount,note,points\n2,2,b,5\n")
    shop.land(columns=grown)
    less = (*grown[:2], grown[3])
    assert shop.rows("points", columns=less) == [(None,), (5,)]


@pytest.mark.parametrize("bytes_left", [None, 0, 100])
def test_landed_rows_that_are_lost_are_said(shop, bytes_left):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    (load,) = shop.land()
    (part,) = load.folder(shop.deployment.raw).glob("*.parquet")
    if bytes_left is None:
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:bytes_left])
    with pytest.raises(WarehouseError, match="landed rows are lost or damaged") as told:
        shop.show()
    assert str(part) in str(told.value)
    assert "describe" not in str(told.value)


def test_showing_twice_counts_once(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    (load,) = shop.land()
    assert shop.rows("id") == [(1,)]
    assert show_table(shop.deployment, SALES) == [load]
    assert shop.query("select count(*) from raw_shop.sales") == [(1,)]
    assert shop.query("select load_id from ops.loads") == [(1,)]
    assert shop.query("select file_id from ops.load_files") == [(1,)]


def test_a_new_build_starts_empty_with_what_was_asked(tmp_path):
    shop = Shop(tmp_path / "data", timezone="America/New_York")
    shop.export("sales.csv", HEADER + "1,1,a\n")
    shop.land()
    shop.rows("id")
    asked = Asked(as_of_date=date(2026, 6, 1), known_at=date(2026, 7, 1))
    open_build(shop.deployment, asked, "abc", "rules", {"shop.sales"})
    parameters = "select as_of_date, known_at, fingerprint from ops.run_parameters"
    assert shop.query(parameters) == [
        (date(2026, 6, 1), datetime(2026, 7, 2, 3, 59, 59, 999999), "abc")
    ]
    assert shop.query("select * from ops.loads") == []
    with pytest.raises(duckdb.CatalogException):
        shop.query("select * from raw_shop.sales")


@pytest.fixture(scope="module")
def grocer(tmp_path_factory):
    """Land and show the small grocer; return its lines, loads and a connection."""
    data = tmp_path_factory.mktemp("grocer")
    lines = small_grocer(data)
    deployment = load_deployment(data)
    (source,) = (s for s in read_sources() if s.name == "complete_journey")
    open_build(deployment, Asked(), "abc", "rules", set())
    loads = []
    for table in source.tables:
        land(table, deployment, ExportCatalog(deployment))
        loads += show_table(deployment, table)
    with duckdb.connect(deployment.build_database, read_only=True) as connection:
        yield lines, loads, connection


def test_the_grocers_lines_are_all_there(grocer):
    lines, _, connection = grocer
    names = "basket_id, product_id, quantity, sales_value, transaction_timestamp"
    rows = connection.sql(
        f"select {names}, _known_at from raw_complete_journey.transactions"
    ).fetchall()
    expected = []
    for line in lines:
        paid_at = datetime.fromisoformat(line["transaction_timestamp"])
        ids = (line["basket_id"], line["product_id"], line["quantity"])
        expected.append((*ids, Decimal(line["sales_value"]), paid_at, paid_at))
    assert sorted(rows) == sorted(expected)


def test_the_published_ledger_is_the_ledger(grocer):
    _, loads, connection = grocer
    shown = connection.sql(
        """select load_id, source_system, table_name, loaded_at, is_backfill,
            file_count, rows_read, rows_loaded, rows_rejected, control_amount,
            unknown_columns from ops.loads order by load_id"""
    ).fetchall()
    assert shown == [
        (x.load_id, x.source, x.table, x.loaded_at, x.is_backfill, len(x.files))
        + (x.rows_loaded, x.rows_loaded, 0, x.control_amount, None)
        for x in loads
    ]
    files = connection.sql("select * from ops.load_files order by file_id").df()
    landed = [(x.load_id, file) for x in loads for file in x.files]
    assert list(files["load_id"]) == [load_id for load_id, _ in landed]
    for name in ("file_id", "path", "content_hash", "size_bytes", "rows_loaded"):
        assert list(files[name]) == [getattr(file, name) for _, file in landed]
    assert asdict(landed[0][1]).keys() - set(files) == {
        "part",
        "rejects",
        "stands_for",
    }
