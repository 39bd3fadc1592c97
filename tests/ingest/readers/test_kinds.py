"""Every kind of file that a contract can describe, with the same rows in it."""

import gzip
import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from dbt_models import WarehouseError
from ingest.contracts import Column
from ingest.contracts.formats import Format
from tests.ingest.readers.kinds import (
    BROKEN,
    KINDS,
    LANDED,
    PLAIN_ROWS,
    ROWS,
    TYPES,
    csv_text,
    records,
    workbook,
    zipped,
)
from tests.ingest.shop import SALES, rejects


def contract(formats: dict[str, str] | None = None, **changes) -> dict:
    columns = tuple(
        Column(name, type_, False, None, (formats or {}).get(name))
        for name, type_ in TYPES.items()
    )
    return {"columns": columns, "export": "shop/sales*", **changes}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_it_lands(shop, kind):
    ending, write, says = KINDS[kind]
    says = dict(says)
    is_plain = says.pop("rows", None) == "plain"
    shop.export(f"sales.{ending}", write(PLAIN_ROWS if is_plain else ROWS))
    (load,) = shop.land(**contract(**says))
    assert [(f.rows_read, f.rows_loaded, f.rows_rejected) for f in load.files] == [
        (4, 4, 0)
    ]
    landed = shop.rows(", ".join(TYPES), SALES, **contract(**says))
    if is_plain:
        expected = [(*r[:2], r[2] and r[2].replace("\n", " "), *r[3:]) for r in LANDED]
    else:
        expected = LANDED
    assert landed == expected
    assert shop.land(**contract(**says)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_row_of_it_is_found_and_the_others_land(shop, kind):
    ending, write, says = KINDS[kind]
    says = dict(says)
    is_plain = says.pop("rows", None) == "plain"
    rows = PLAIN_ROWS if is_plain else ROWS
    good = [(str(n), *rows[0][1:]) for n in range(10, 60)]
    # Nothing before it spans two lines, but in some kinds what is above the header.
    shop.export(f"sales.{ending}", write([*good, BROKEN, *rows]))
    (load,) = shop.land(**contract(**says), max_rejects=0.1)
    assert (load.rows_loaded, load.rows_rejected) == (54, 1)
    assert sum(file.rows_read for file in load.files) == 55
    (reject,) = rejects(shop, 1)
    assert (reject["column_name"], reject["reason"]) == (
        "amount",
        "not a value of type decimal(12, 2)",
    )
    places = {"lines above the header": 54, "json lines": 51}
    if ending.startswith("json") or kind.startswith("no header"):
        places[kind] = 51
    if "workbook" in kind:
        places[kind] = 54
    assert reject["line"] == places.get(kind, 52)
    assert "much" in reject["text"]


def test_each_sheet_is_a_part_of_its_own(shop):
    months = ("2026-01-31", "2026-02-28")
    shop.export("sales.xlsx", workbook(ROWS, months))
    table = contract(format=Format(sheets="2026*"), key=())
    (load,) = shop.land(**table)
    assert [file.path for file in load.files] == [
        f"shop/sales.xlsx#{month}" for month in months
    ]
    assert [f"{file.delivered_on:%Y-%m-%d}" for file in load.files] == list(months)
    assert load.rows_loaded == 8


@pytest.mark.parametrize(
    ("content", "format_", "words"),
    [
        (workbook(ROWS, ("a", "b")), Format(), "2 sheets (a, b); let the contract"),
        (workbook(ROWS), Format(sheets="x*"), "no sheet matches 'x*'"),
        (workbook([]), Format(skip_lines=9), "column id, amount, note, day"),
    ],
)
def test_a_workbook_that_is_not_as_said_is_refused(shop, content, format_, words):
    shop.export("sales.xlsx", content)
    with pytest.raises(WarehouseError) as caught:
        shop.land(**contract(format=format_))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "sheet", "words"),
    [
        ("sales.xlsx.gz", gzip.compress(workbook(ROWS, ("a", "b"))), None, "2 sheets"),
        (
            "sales.zip",
            zipped(book__xlsx=workbook(ROWS, ("a", "b"))),
            "*",
            "of a packed workbook one sheet is read, and 2 match '*'",
        ),
        (
            "sales.xlsx.gz",
            gzip.compress(b"id,amount", mtime=0),
            None,
            "not what its name",
        ),
        ("sales.zip", zipped(book__xlsx=zipped(a=b"x")), None, "not what its name"),
    ],
)
def test_a_packed_workbook_has_one_sheet_to_read(shop, name, content, sheet, words):
    shop.export(name, content)
    with pytest.raises(WarehouseError) as caught:
        shop.land(**contract(format=Format(sheets=sheet)))
    assert words in str(caught.value)


NESTED = """{"id": 1, "amount": 12.10, "note": "x",
 "customer": {"name": "Ann", "address": {"city": "Bonn"}},
 "lines": [{"sku": "a", "price": 0.1234567890123456789}]}"""


def test_nested_fields_are_columns_and_numbers_stay_as_written(shop):
    types = {
        "id": "bigint",
        "amount": "decimal(12, 2)",
        "customer.address.city": "varchar",
        "lines": "varchar",
        "price": "varchar",
    }
    columns = tuple(
        Column(name, type_, False, None, optional=name == "price")
        for name, type_ in types.items()
    )
    second = '{"id": 2, "amount": 1, "price": 123456789012345678901234567890.10}'
    one_line = NESTED.replace("\n", "")
    shop.export("sales_1.jsonl", f"{one_line}\n\n{second}\n")
    shop.export("sales_2.json", f"[{NESTED.replace('1,', '3,', 1)}]")
    table = {"columns": columns, "export": "shop/sales*"}
    (load,) = shop.land(**table)
    assert set(load.unknown_columns) == {"note", "customer"}
    lines = '[{"sku": "a", "price": 0.1234567890123456789}]'
    assert shop.rows(
        'id, amount, "customer.address.city", lines, price', SALES, **table
    ) == [
        (1, Decimal("12.10"), "Bonn", lines, None),
        (2, Decimal(1), None, None, "123456789012345678901234567890.10"),
        (3, Decimal("12.10"), "Bonn", lines, None),
    ]


def test_lines_that_are_no_json_are_rejected_one_by_one(shop):
    good = [json.dumps(record) for record in records(ROWS)]
    shop.export("sales.jsonl", "\n".join([good[0], '{"id": 9,', "[1]", *good[1:]]))
    (load,) = shop.land(**contract(), max_rejects=0.5)
    assert [(r["line"], r["reason"]) for r in rejects(shop, 1)] == [
        (2, "not a JSON object"),
        (3, "not a JSON object"),
    ]
    assert load.rows_loaded == 4


DAYS = [
    ("%d.%m.%Y", "date", "31.01.2026", date(2026, 1, 31)),
    ("%d.%m.%Y", "date", "31.02.2026", None),
    ("%d.%m.%Y", "date", "2026-01-31", None),
    ("%d.%m.%Y %H:%M", "date", "31.01.2026 00:00", date(2026, 1, 31)),
    ("%d.%m.%Y %H:%M", "date", "31.01.2026 10:00", None),
    (
        "%m/%d/%Y %I:%M %p",
        "timestamp",
        "01/31/2026 1:05 PM",
        datetime(2026, 1, 31, 13, 5),
    ),
    ("%d %b %Y", "timestamp", "31 Jan 2026", datetime(2026, 1, 31)),
    # A year of two digits is none of the first century, unless it is written so.
    ("%d.%m.%Y", "date", "01.01.26", None),
    ("%d.%m.%Y", "date", "1.1.126", None),
    ("%d.%m.%Y", "date", "01.01.0001", date(1, 1, 1)),
    ("%d.%m.%y", "date", "01.01.26", date(2026, 1, 1)),
    ("%d.%m.%Y %H:%M", "timestamp", "01.01.26 20:26", None),
    ("%d.%m.%Y %H:%M %z", "timestamp", "01.01.26 10:00 +02:00", None),
    # The shop's clocks are those of UTC.
    (
        "%d.%m.%Y %H:%M %z",
        "timestamp",
        "31.01.2026 01:00 +02:00",
        datetime(2026, 1, 30, 23),
    ),
]


@pytest.mark.parametrize(("format_", "data_type", "written", "expected"), DAYS)
def test_days_are_read_by_their_format(shop, format_, data_type, written, expected):
    columns = (*SALES.columns, Column("day", data_type, False, None, format_))
    shop.export("sales.csv", f"id,amount,note,day\n1,1.00,x,{written}\n2,1.00,y,\n")
    table = {"columns": columns, "max_rejects": 0.5}
    (load,) = shop.land(SALES, **table)
    assert load.rows_rejected == (expected is None)
    if expected is not None:
        assert shop.rows("day", SALES, **table) == [(expected,), (None,)]


def test_a_table_may_come_in_many_kinds_at_once(shop):
    shop.export("sales_1.csv", csv_text(ROWS))
    shop.export("sales_2.json", json.dumps(records(ROWS)))
    shop.export("sales_3.xlsx", workbook(ROWS))
    shop.export("sales_4.zip", zipped(a__csv=csv_text(ROWS).encode()))
    table = contract(key=())
    (load,) = shop.land(**table)
    assert [file.rows_loaded for file in load.files] == [4, 4, 4, 4]
    assert shop.rows(", ".join(TYPES), SALES, **table) == LANDED * 4


def test_bytes_that_are_no_text_in_the_encoding_are_rejected(shop):
    content = csv_text(ROWS).encode("cp1252")
    shop.export("sales.csv", content + b"5,1.00,\x81,,\n")
    table = contract(format=Format(encoding="cp1252"))
    (load,) = shop.land(**table, max_rejects=0.5)
    assert (load.rows_loaded, load.rows_rejected) == (4, 1)
    assert rejects(shop, 1)[0]["column_name"] == "note"


def test_the_mark_in_a_file_is_right_whatever_the_contract_says(shop):
    shop.export("sales.csv", csv_text(ROWS).encode("utf-8-sig"))
    table = contract(format=Format(encoding="cp1252"))
    shop.land(**table)
    assert shop.rows(", ".join(TYPES), SALES, **table) == LANDED


def test_what_is_no_workbook_is_none_whatever_the_contract_says(shop):
    shop.export("sales.csv", csv_text(ROWS))
    with pytest.raises(WarehouseError, match="not what its name or contract says"):
        shop.land(**contract(format=Format(kind="excel")))


def test_a_mended_format_takes_the_refused_rows_in(shop):
    shop.export("sales.csv", 'id,amount,note\n1,"1,50",x\n2,2,y\n')
    first = shop.land(SALES, max_rejects=0.5)
    assert first[0].rows_rejected == 1
    mended = replace(SALES, format=Format(decimal=","))
    (again,) = shop.land(mended)
    assert (again.repeats, again.rows_loaded) == (1, 2)


def test_copies_do_not_outlive_the_load(shop):
    shop.export("sales.xlsx", workbook(ROWS))
    shop.land(**contract())
    assert list(shop.deployment.restricted.iterdir()) == []
