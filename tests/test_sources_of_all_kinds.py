"""Files of every kind: what `crm sources add` makes of them lands as it should."""

import gzip
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import xlsxwriter

from dagster_project.sources.contract_text import Setting, contract_text
from dbt_models import WarehouseError
from ingest.contracts.sources import read_source
from ingest.exports import ExportCatalog
from ingest.inference.entities import best_mappings
from ingest.inference.tables import TableGuess, guess_tables
from ingest.landing import land
from tests.ingest.shop import Shop

ORDERS = "order_id,order_date,amount\n1,2026-01-03,2.50\n2,2026-01-04,3.00\n"
MORE_ORDERS = "order_id,order_date,amount\n3,2026-02-03,4.50\n"
CUSTOMERS = "customer_id,city\na,Köln\nb,Bonn\n"


@pytest.fixture
def landed(tmp_path: Path):
    """Guess the tables of the shop's files, land them, and return their rows."""
    shop = Shop(tmp_path / "data")

    def look() -> dict[str, list[tuple]]:
        tables = guesses(shop)
        mappings = best_mappings([m for table in tables for m in table.mappings])
        zone, euros = Setting("UTC", None), Setting("EUR", None)
        folder = tmp_path / "shop"
        folder.mkdir()
        (folder / "_shop__sources.yml").write_text(
            contract_text("shop", zone, euros, tables, mappings)
        )
        return {
            table.name: [
                row
                for load in land(table, shop.deployment, ExportCatalog(shop.deployment))
                for row in duckdb.sql(
                    f"""select columns(c -> not starts_with(c, '_'))
                    from '{load.folder(shop.deployment.raw)}/*.parquet' order by 1"""
                ).fetchall()
            ]
            for table in read_source(folder).tables
        }

    look.shop, look.folder = shop, tmp_path / "shop"
    return look


def guesses(shop: Shop) -> list[TableGuess]:
    return guess_tables(sorted(shop.folder.iterdir()), "shop", True)


def archive(path: Path, **files: str | bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "."), content)


def workbook(path: Path, **sheets: list[list[Any]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name.replace("_", " "))
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)


def zst(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


def test_what_is_packed_is_looked_into(landed):
    shop = landed.shop
    records = [{"id": 1, "city": "Köln"}, {"id": 2, "city": "Bonn"}]
    lines = "\n".join(map(json.dumps, records)).encode()
    parquet = shop.export_parquet("stored.parquet", "select 1::bigint as id, 2 as n")
    shop.export("a.csv.zst", zst(CUSTOMERS.encode()))
    shop.export("b.jsonl.zst", zst(lines))
    shop.export("c.json.zst", zst(json.dumps({"data": records}).encode()))
    shop.export("d.parquet.zst", zst(parquet.read_bytes()))
    shop.export("e.parquet.gz", gzip.compress(parquet.read_bytes()))
    shop.export("f.dat.zst", zst(CUSTOMERS.encode("utf-16")))
    archive(shop.folder / "g.zip", cities__parquet=parquet.read_bytes())
    archive(shop.folder / "h.zip", lines__jsonl__gz=gzip.compress(lines))
    archive(shop.folder / "i.zip", plain__csv__zst=zst(CUSTOMERS.encode("cp1252")))
    customers = [("a", "Köln"), ("b", "Bonn")]
    cities = [("1", "Köln"), ("2", "Bonn")]
    assert landed() == {
        **{"a": customers, "b": cities, "c": cities, "d": [(1, 2)], "e": [(1, 2)]},
        **{"f": customers, "cities": [(1, 2)], "lines": cities, "plain": customers},
        "stored": [(1, 2)],
    }


def test_objects_of_the_same_few_fields_are_opened(landed):
    records = [
        {
            "id": n,
            "customer": {"id": f"c{n}", "mail": f"c{n}@shop.example", "at": {"n": n}},
            "seen": {f"c{n}@shop.example": n},
            "tags": {f"tag {n}": 1 for n in range(n, n + 50)},
            "note": None if n % 9 else f"wrote to c{n}@shop.example",
            **({"coupon": "x"} if n % 2 else {}),
        }
        for n in range(1, 30)
    ]
    records[3]["customer"] = None
    del records[4]["customer"]["mail"]
    landed.shop.export("orders.json", json.dumps(records))
    (orders,) = guesses(landed.shop)
    assert {c.name: c.personal for c in orders.columns.columns} == {
        **{"id": None, "customer.id": None, "customer.mail": "contact"},
        **{"customer.at.n": None, "seen": "contact", "tags": None, "note": "contact"},
        "coupon": None,
    }
    assert orders.optional == {
        *("customer.id", "customer.mail", "customer.at.n", "coupon")
    }
    assert "fields of the objects customer, customer.at are columns" in orders.doubts
    found = {row[0]: row for row in landed()["orders"]}
    assert found["1"][1:4] == ("c1", "c1@shop.example", 1)
    assert found["4"][1:4] == (None, None, None)
    # A file of one record, which leaves out what is empty.
    landed.shop.export(
        "orders_2.json", '[{"id": 90, "seen": {}, "tags": {}, "note": ""}]'
    )
    (table,) = read_source(landed.folder).tables
    (load,) = land(table, landed.shop.deployment, ExportCatalog(landed.shop.deployment))
    assert load.rows_loaded == len(records) + 1


def test_what_programs_make_of_csv_lands_as_it_was_guessed(landed):
    """SAP's minus and last delimiter, Excel's brackets, an old Mac's lines."""
    dashes = "order_no;amount;city;\nk1;1.234,50-;Köln;\nk2;7,00;Bonn;\n"
    landed.shop.export("sap.csv", dashes)
    landed.shop.export("sap_rows.csv", dashes.replace("city;", "city"))
    brackets = 'order_no , amount, city\nk1,"$ (1,234.50)",Köln\nk2,$ 7.00,Bonn\n'
    landed.shop.export("accounts.csv", brackets)
    landed.shop.export("mac.csv", brackets.replace("\n", "\r").encode("utf-16"))
    landed.shop.export(
        "web.csv", "order_no,amount,city\nk1,\u22121234.5,Köln\nk2,7,Bonn"
    )
    orders = [("k1", Decimal("-1234.50"), "Köln"), ("k2", Decimal(7), "Bonn")]
    assert landed() == dict.fromkeys(
        ("sap", "sap_rows", "accounts", "mac", "web"), orders
    )
    assert {c.format.negative for c in read_source(landed.folder).tables} == {
        *("-1", "1-", "(1)")
    }


@pytest.mark.parametrize(
    ("amounts", "currency"),
    [
        (["1\u00a0234,50 zł", "-7,00 zł"], "PLN"),
        (["US$1,234.50", "-US$7.00"], "USD"),
        (["CA$1,234.50", "CA$-7.00"], "CAD"),
        (["₹ 1,234.50", "₹ -7.00"], "INR"),
        (["1.234,50 kr.", "-7,00 kr."], None),
        (["kr. 1.234,50", "kr. -7,00"], None),
        (["SEK 1234.5", "SEK -7"], "SEK"),
    ],
)
def test_signs_of_currencies_land_as_amounts(landed, amounts, currency):
    rows = "".join(f"{n};{amount};x\n" for n, amount in enumerate(amounts))
    landed.shop.export("orders.csv", f"order_no;amount;city\n{rows}")
    assert [row[1] for row in landed()["orders"]] == [Decimal("1234.50"), Decimal(-7)]
    (table,) = guesses(landed.shop)
    assert table.columns.currencies == ((currency,) if currency else ())


def test_files_of_a_table_that_are_packed_differently_all_land(landed):
    landed.shop.export("orders_2026-01.csv.gz", gzip.compress(ORDERS.encode()))
    archive(landed.shop.folder / "orders_2026-02.zip", orders__csv=MORE_ORDERS)
    landed.shop.export("orders_items_1.csv", CUSTOMERS)
    assert [row[0] for row in landed()["orders"]] == ["1", "2", "3"]


def test_zeros_before_a_number_that_come_in_a_later_file_make_another_customer(landed):
    header = "order_id,order_date,customer_id,total\n"
    landed.shop.export("orders_1.csv", header + "1,2026-01-01,17,5\n")
    landed.shop.export("orders_2.csv", header + "2,2026-02-01,108,5\n")
    assert [row[2] for row in landed()["orders"]] == ["17", "108"]
    landed.shop.export("orders_3.csv", header + "3,2026-03-01,00017,5\n")
    (table,) = read_source(landed.folder).tables
    loads = land(table, landed.shop.deployment, ExportCatalog(landed.shop.deployment))
    folder = loads[-1].folder(landed.shop.deployment.raw)
    assert duckdb.sql(f"select customer_id from '{folder}/*.parquet'").fetchone() == (
        "00017",
    )


def test_files_that_no_pattern_tells_from_others_are_refused(landed):
    for name in ("Orders_1.csv", "orders_2.csv", "items.csv"):
        landed.shop.export(name, ORDERS)
    with pytest.raises(WarehouseError, match="Let their names begin alike"):
        guesses(landed.shop)


def test_files_in_an_archive_are_tables_of_their_own(landed):
    folder = landed.shop.folder
    archive(folder / "export_2026-01.zip", orders__csv=ORDERS, customers__csv=CUSTOMERS)
    archive(
        folder / "export_2026-02.zip",
        **{"orders__csv": MORE_ORDERS, "customers__csv": CUSTOMERS},
    )
    customers, orders = guesses(landed.shop)
    assert orders.pattern == customers.pattern == "export_*.zip"
    assert orders.format == {"members": "orders*.csv"}
    assert (orders.identity.delivery, customers.identity.delivery) == (
        "append",
        "snapshot",
    )
    found = landed()
    assert [row[0] for row in found["orders"]] == ["1", "2", "3"]
    assert set(found["customers"]) == {("a", "Köln"), ("b", "Bonn")}


def test_parts_in_an_archive_are_one_table_and_notes_are_none(landed):
    folder = landed.shop.folder
    archive(
        folder / "all.zip",
        **{"data/orders_2026-01.csv": ORDERS, "data/orders_2026-02.csv": MORE_ORDERS},
        **{"README__txt": "Exported by the till.\nAll of it.\n", "empty__csv": ""},
    )
    (orders,) = guesses(landed.shop)
    assert orders.format == {"members": "data/orders_*.csv"}
    assert "README.txt is not read: it has one column only" in orders.doubts
    assert "empty.csv is not read: it is empty; export it again" in orders.doubts
    # They are of one delivery, so they say nothing of how the next will be.
    assert "one file" in orders.identity.delivery_why
    assert len(landed()["orders"]) == 3


def test_files_that_differ_in_numbers_only_are_told_apart_by_their_columns(landed):
    archive(landed.shop.folder / "all.zip", part_1__csv=ORDERS, part_2__csv=CUSTOMERS)
    found = landed()
    assert {name: len(rows) for name, rows in found.items()} == {
        "part_1": 2,
        "part_2": 2,
    }


def test_each_sheet_with_a_header_is_a_table(landed):
    workbook(
        landed.shop.folder / "Shop.xlsx",
        Customers=[["customer_id", "city"], ["a", "Köln"], ["b", "Bonn"]],
        Year_2024=[["Sales"], [], ["id", "amount"], [1, 2.5], [2, 3.25]],
        Year_2025=[["Sales"], [], ["id", "amount"], [3, 1]],
        Notes=[["Made by Ada"], ["in March"]],
        Numbers=[[1, 2], [3, 4]],
        Nothing=[],
    )
    customers, year = guesses(landed.shop)
    assert customers.format == {"sheets": "Customers"}
    assert year.format == {"sheets": "Year *", "skip_lines": 2}
    assert customers.doubts[:3] == (
        "Notes is not read: it has one column only",
        "Numbers is not read: it has no header",
        "Nothing is not read: its sheet is empty",
    )
    assert landed() == {
        "customers": [("a", "Köln"), ("b", "Bonn")],
        "year": [("1", 2.5), ("2", 3.25), ("3", 1)],
    }


def test_sheets_of_the_same_columns_are_one_table(landed):
    header = ["id", "amount"]
    months = {"Jan": [header, [1, 2.5]], "Feb": [header, [2, 3.5]]}
    workbook(landed.shop.folder / "sales.xlsx", **months)
    (sales,) = guesses(landed.shop)
    assert sales.format == {"sheets": "*"}
    assert "are they one table?" in sales.doubts[0]
    assert landed() == {"sales": [("1", 2.5), ("2", 3.5)]}


def test_a_hidden_sheet_is_not_read_by_the_pattern_of_others(landed):
    path = landed.shop.folder / "sales.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for year in ("Year 2026", "Year 2025", "Year 2024"):
            sheet = book.add_worksheet(year)
            sheet.write_row(0, 0, ["id", "year"])
            sheet.write_row(1, 0, [1, year])
        book.worksheets()[2].hide()
    assert landed() == {
        "year_2025": [("1", "Year 2025")],
        "year_2026": [("1", "Year 2026")],
    }


def test_tables_of_one_name_are_named_by_their_files_too(landed):
    for name in ("north", "south"):
        workbook(
            landed.shop.folder / f"{name}.xlsx",
            Sales=[["id", "amount"], [1, 2]],
            Staff=[["name", "city"], ["Ada", "Bonn"]],
        )
    assert set(landed()) == {"north_sales", "north_staff", "south_sales", "south_staff"}


RULED = """Sales of March

id    name                 amount
----- -------------------- ---------
1     Ada Klein                 3.98
12345 Bo                   101250.00
"""
ALIGNED = """id     Name         Ort           Betrag
00017  Ada Klein    Köln            3,98
00018  Bo Groß      Berlin       1012,50

00019               Bonn            4,20
"""


def test_dashes_in_a_text_are_no_ruler(landed):
    landed.shop.export("sales.csv", 'id,note\n1,"a  b\n--- ---\nc"\n2,d\n')
    assert landed() == {"sales": [("1", "a  b\n--- ---\nc"), ("2", "d")]}


def test_fixed_width_with_ruled_columns(landed):
    landed.shop.export("sales.txt", RULED)
    (sales,) = guesses(landed.shop)
    assert sales.format == {
        "kind": "fixed_width",
        "header": True,
        "skip_lines": 3,
        "widths": {"id": 6, "name": 21, "amount": 9},
    }
    assert landed()["sales"][1][:2] == ("12345", "Bo")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_fixed_width_whose_blanks_show_its_columns(landed, encoding):
    landed.shop.export("sales.dat", ALIGNED.replace("\n", "\r\n").encode(encoding))
    (sales,) = guesses(landed.shop)
    # The gap before a number is the number's, which grows to the left.
    widths = {"id": 7, "Name": 13, "Ort": 6, "Betrag": 14}
    assert sales.format["widths"] == widths
    assert sales.format["decimal"] == ","
    assert "blanks in 3 rows suggest" in " ".join(sales.doubts)
    assert [(*row[:3], float(row[3])) for row in landed()["sales"]] == [
        ("00017", "Ada Klein", "Köln", 3.98),
        ("00018", "Bo Groß", "Berlin", 1012.5),
        ("00019", None, "Bonn", 4.2),
    ]


@pytest.mark.parametrize(
    "text",
    [
        # Without names above them, and names of several words.
        "00017  Ada Klein  3.98\n00018  Bo Groß    1.50\n",
        "id     First name  paid\n00017  Ada         3.98\n00018  Bo          1.50\n",
        # By chance all first names have three letters.
        "id     who        city\n00017  Ada Klein  Bonn\n00018  Bob Groß   Ulm\n",
    ],
)
def test_fixed_width_that_may_be_cut_in_several_ways_is_to_be_described(landed, text):
    landed.shop.export("sales.txt", text)
    with pytest.raises(WarehouseError, match="format: {widths: "):
        guesses(landed.shop)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.zip", ORDERS.encode(), "a.zip: it is not what its name says"),
        ("a.csv", b"PK\x03\x04", "let its name end in .zip"),
        ("a.csv.zst", b"id,amount\n", "a.csv.zst: its packed data are cut off"),
        ("a.csv.gz", b"id,amount\n", "a.csv.gz: its packed data are cut off"),
        ("a.xlsx", b"id,amount\n", "a.xlsx: it is not what its name says"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(landed, name, content, reason):
    landed.shop.export(name, content)
    with pytest.raises(WarehouseError, match=reason):
        guesses(landed.shop)


def test_an_archive_without_a_table_is_refused(landed):
    path = landed.shop.folder / "all.zip"
    workbook(landed.shop.folder / "in.xlsx", Sales=[["id", "n"], [1, 2]])
    inner = (landed.shop.folder / "in.xlsx").read_bytes()
    (landed.shop.folder / "in.xlsx").unlink()
    archive(path, in__xlsx=inner)
    with pytest.raises(WarehouseError, match="a workbook that is packed; unpack it"):
        guesses(landed.shop)
    archive(path, in__xlsx=inner, README__txt="Hello\n")
    with pytest.raises(WarehouseError, match="all.zip: no table is in it"):
        guesses(landed.shop)
