"""Every kind of file that a contract can describe, with the same rows in it."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import xlsxwriter

from dbt_models import WarehouseError
from ingest.contracts import Column
from ingest.contracts.formats import Format
from tests.ingest.shop import SALES, rejects

TYPES = {
    "id": "bigint",
    "amount": "decimal(12, 2)",
    "note": "varchar",
    "day": "date",
    "is_new": "boolean",
}
ROWS = [
    ("1", "1234.50", "Müller, 5 €", "2026-01-31", "true"),
    ("2", "-0.05", 'say "no"; or | not', "2026-02-28", "false"),
    ("3", "7", "", "", ""),
    ("4", "0.10", "two\nlines", "2026-12-01", "true"),
]
LANDED = [
    (1, Decimal("1234.50"), "Müller, 5 €", date(2026, 1, 31), True),
    (2, Decimal("-0.05"), 'say "no"; or | not', date(2026, 2, 28), False),
    (3, Decimal(7), None, None, None),
    (4, Decimal("0.10"), "two\nlines", date(2026, 12, 1), True),
]
BROKEN = ("5", "much", "x", "2026-01-01", "true")
PLAIN_ROWS = [(*row[:2], row[2].replace("\n", " "), *row[3:]) for row in ROWS]


def csv_text(
    rows: list[tuple], delimiter: str = ",", quote: str = '"', header: bool = True
) -> str:
    def field(value: str) -> str:
        special = any(sign in value for sign in (delimiter, quote or "\n", "\n"))
        if not quote or not special:
            return value
        return quote + value.replace(quote, quote * 2) + quote

    lines = [tuple(TYPES), *rows] if header else rows
    return "".join(delimiter.join(map(field, line)) + "\n" for line in lines)


def continental(rows: list[tuple]) -> str:
    """Return what a German spreadsheet makes of the rows."""

    def number(text: str) -> str:
        whole, _, fraction = text.partition(".")
        if not whole.lstrip("-").isdigit():
            return text
        grouped = f"{int(whole):,}".replace(",", ".")
        sign = "-" if whole == "-0" else ""
        return f"{sign}{grouped}{',' if fraction else ''}{fraction} €"

    def day(text: str) -> str:
        return ".".join(reversed(text.split("-")))

    words = {"true": "Ja", "false": "nein", "": ""}
    return csv_text(
        [(n, number(a), note, day(d), words[b]) for n, a, note, d, b in rows], ";"
    )


def records(rows: list[tuple]) -> list[dict]:
    return [
        {
            "id": int(n),
            "amount": a if a == "much" else float(a),
            "note": note or None,
            "day": d or None,
            "is_new": json.loads(b or "null"),
        }
        for n, a, note, d, b in rows
    ]


def workbook(rows: list[tuple], sheets: tuple[str, ...] = ("Sheet1",)) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        as_day = book.add_format({"num_format": "dd.mm.yyyy"})
        for name in sheets:
            sheet = book.add_worksheet(name)
            sheet.write_row(1, 1, list(TYPES))
            for line, (n, amount, note, day, is_new) in enumerate(rows, start=3):
                sheet.write_number(line, 1, int(n))
                if amount == "much":
                    sheet.write_string(line, 2, amount)
                else:
                    sheet.write_number(line, 2, float(amount))
                if note:
                    sheet.write_string(line, 3, note)
                else:  # a formula whose result is nothing is no value
                    sheet.write_formula(line, 3, '=IF(1,"","")', None, "")
                if day:
                    moment = datetime.fromisoformat(day)
                    sheet.write_datetime(line, 4, moment, as_day)
                if is_new:
                    sheet.write_boolean(line, 5, is_new == "true")
    return with_xml(target.getvalue(), b'<c r=("D[0-9]+")><f>', rb'<c r=\1 t="str"><f>')


def with_xml(content: bytes, old: bytes, new: bytes, of: str = "/sheet") -> bytes:
    """Return a workbook with something else in its sheets, as no library writes it.

    Of a formula whose result is an empty text, Excel says that it is a text.
    """
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in archive.namelist():
            text = archive.read(name)
            if of in name:
                text = re.sub(old, new, text)
            changed.writestr(name, text)
    return target.getvalue()


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


def zst(content: bytes) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(content)
    return target.getvalue().to_pybytes()


def fixed_width(rows: list[tuple]) -> str:
    lines = [tuple(TYPES), *rows]
    return "".join(
        f"{n:>4}{a:<10}{note:<20}{d:>12}{b:<6}\n" for n, a, note, d, b in lines
    )


WIDTHS = (("id", 4), ("amount", 10), ("note", 20), ("day", 12), ("is_new", 6))
GERMAN = {
    "format": Format(delimiter=";", decimal=",", thousands=".", symbols=("€", "EUR")),
    "formats": {"day": "%d.%m.%Y", "is_new": "ja/nein"},
}


# Ending of the name, what makes the file's content of rows, what the contract says.
KINDS: dict[str, tuple[str, Callable[[list[tuple]], str | bytes], dict]] = {
    "csv": ("csv", csv_text, {}),
    "semicolons": (
        "csv",
        lambda r: csv_text(r, ";"),
        {"format": Format(delimiter=";")},
    ),
    "tabs": ("tsv", lambda r: csv_text(r, "\t"), {}),
    "pipes": ("txt", lambda r: csv_text(r, "|"), {"format": Format(delimiter="|")}),
    "two signs": (
        "csv",
        lambda r: csv_text(r, "||"),
        {"format": Format(delimiter="||")},
    ),
    "paragraph signs": (
        "csv",
        lambda r: csv_text(r, "§"),
        {"format": Format(delimiter="§")},
    ),
    "apostrophes": (
        "csv",
        lambda r: csv_text(r, ",", "'"),
        {"format": Format(quote="'")},
    ),
    "no quotes": (
        "csv",
        lambda r: csv_text(r, "\t", ""),
        {"format": Format(delimiter="\t", quote=""), "rows": "plain"},
    ),
    "no header": (
        "csv",
        lambda r: csv_text(r, header=False),
        {"format": Format(header=False)},
    ),
    "lines above the header": (
        "csv",
        lambda r: 'Sales of "2026\nall, shops\n' + csv_text(r),
        {"format": Format(skip_lines=2)},
    ),
    "words for nothing": (
        "csv",
        lambda r: csv_text([tuple(v or "NULL" for v in row) for row in r]),
        {"format": Format(nulls=("NULL", "-"))},
    ),
    "continental": ("csv", continental, GERMAN),
    "byte order mark": ("csv", lambda r: csv_text(r).encode("utf-8-sig"), {}),
    "utf-16": ("csv", lambda r: csv_text(r).encode("utf-16"), {}),
    "utf-16, said": (
        "csv",
        lambda r: csv_text(r).encode("utf-16-be"),
        {"format": Format(encoding="utf-16-be")},
    ),
    "cp1252": (
        "csv",
        lambda r: csv_text(r).encode("cp1252"),
        {"format": Format(encoding="cp1252")},
    ),
    "iso-8859-15": (
        "csv.gz",
        lambda r: gzip.compress(csv_text(r).encode("iso-8859-15")),
        {"format": Format(encoding="iso-8859-15")},
    ),
    "gz": ("csv.gz", csv_text, {}),
    "zst": ("csv.zst", lambda r: zst(csv_text(r).encode()), {}),
    "zip": ("zip", lambda r: zipped(a__csv=csv_text(r).encode()), {}),
    "zipped gz": (
        "zip",
        lambda r: zipped(a__csv__gz=gzip.compress(csv_text(r).encode())),
        {},
    ),
    "some of a zip": (
        "zip",
        lambda r: zipped(a__csv=csv_text(r).encode(), readme__txt=b"x"),
        {"format": Format(members="*.csv")},
    ),
    "json": ("json", lambda r: json.dumps(records(r)), {}),
    "json gz": ("json.gz", lambda r: json.dumps(records(r)), {}),
    "json below": (
        "json",
        lambda r: json.dumps({"meta": {"n": 1}, "data": {"sales": records(r)}}),
        {"format": Format(records="data.sales")},
    ),
    "json lines": ("jsonl", lambda r: "\n".join(map(json.dumps, records(r))), {}),
    "workbook": ("xlsx", workbook, {}),
    "workbook that says csv": ("csv", workbook, {}),
    "sheet of a workbook": (
        "xlsx",
        lambda r: workbook(r, ("Sales 1", "Other")),
        {"format": Format(sheets="Sales*")},
    ),
    "zipped workbook": ("zip", lambda r: zipped(book__xlsx=workbook(r)), {}),
    "gzipped workbook": ("xlsx.gz", lambda r: gzip.compress(workbook(r)), {}),
    "sheet of a zipped workbook, gzipped": (
        "zip",
        lambda r: zipped(
            book__xlsx__gz=gzip.compress(workbook(r, ("Sales 1", "Other")))
        ),
        {"format": Format(sheets="Sales*")},
    ),
    "fixed width": (
        "txt",
        fixed_width,
        {"format": Format(widths=WIDTHS), "rows": "plain"},
    ),
}


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
    places = {"no header": 51, "lines above the header": 54, "json lines": 51}
    if ending.startswith("json"):
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


NUMBERS = {
    "1.234,56": Decimal("1234.56"),
    "1234,56": Decimal("1234.56"),
    "-1.000": Decimal(-1000),
    "€ 5,00": Decimal(5),
    "-€5": Decimal(-5),
    "5 EUR": Decimal(5),
    "+0,5": Decimal("0.50"),
    ",5": Decimal("0.50"),
    # Nobody knows what these mean.
    "1.23": None,
    "1,234.56": None,
    "12.34.567": None,
    "1.2345": None,
    "€": None,
    "5 $": None,
    "5,005": None,
    "0x10": None,
}


BELOW_ZERO = {
    "1-": {
        "1.234,56-": Decimal("-1234.56"),
        "5-": Decimal(-5),
        "5,00 -": Decimal(-5),
        "5,00- €": Decimal(-5),
        "€ 5,00-": Decimal(-5),
        "5,00 EUR-": Decimal(-5),
        "-5": Decimal(-5),
        "5,00": Decimal(5),
        "-5-": None,
        "+5-": None,
        "5--": None,
        "€ 5- €": None,
        "(5)": None,
        "-": None,
    },
    "(1)": {
        "(1.234,56)": Decimal("-1234.56"),
        "( 5 )": Decimal(-5),
        "(€5,00)": Decimal(-5),
        "(5,00 €)": Decimal(-5),
        "€ (5,00)": Decimal(-5),
        "(5,00) EUR": Decimal(-5),
        "-€5": Decimal(-5),
        "5,00": Decimal(5),
        "(-5)": None,
        "-(5)": None,
        "((5))": None,
        "(5": None,
        "5)": None,
        "()": None,
        "€ (5 €)": None,
        "5-": None,
    },
    "-1": {"\u22125,00 €": Decimal(-5), "5-": None, "(5)": None},
}


@pytest.mark.parametrize(
    ("negative", "written", "expected"),
    [
        (negative, written, expected)
        for negative, numbers in BELOW_ZERO.items()
        for written, expected in numbers.items()
    ],
)
def test_a_number_below_zero_is_read_as_the_contract_says(
    shop, negative, written, expected
):
    shop.export("sales.csv", f"id;amount;note\n1;{written};x\n2-;1,00;y\n2;1;z\n")
    format_ = replace(GERMAN["format"], negative=negative)
    table = {"format": format_, "max_rejects": 0.7, "key": ()}
    (load,) = shop.land(SALES, **table)
    assert load.rows_loaded + load.rows_rejected == 3
    ids = [-2, 2] if negative == "1-" else [2]
    assert shop.rows("id, amount", SALES, **table) == [
        *([(1, expected)] if expected is not None else []),
        *((id_, 1) for id_ in ids),
    ]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("negative", ["1-", "(1)"])
def test_a_way_to_write_less_than_zero_needs_no_other_signs(shop, negative, ending):
    written = negative.replace("1", "1.25")
    content = f"id,amount,note\n1,{written},{written}\n2,-1.5,x\n3,\u22122,y\n"
    if ending == "jsonl":
        content = (
            f'{{"id": 1, "amount": "{written}", "note": "{written}"}}\n'
            '{"id": 2, "amount": -1.5}\n{"id": 3, "amount": "\u22122"}\n'
        )
    shop.export(f"sales.{ending}", content)
    table = {"format": Format(negative=negative)}
    shop.land(SALES, **table)
    landed = [amount for (amount,) in shop.rows("amount", SALES, **table)]
    assert landed == [Decimal("-1.25"), Decimal("-1.50"), Decimal(-2)]
    assert shop.rows("note", SALES, **table)[0] == (written,)


def test_any_minus_is_one_where_numbers_are_plain(shop):
    shop.export("sales.csv", "id,amount,note\n1,\u22121.25,x\n2,+1,y\n")
    shop.land()
    assert shop.rows("amount") == [(Decimal("-1.25"),), (Decimal(1),)]


@pytest.mark.parametrize("written", NUMBERS)
def test_numbers_are_read_as_the_contract_says_or_not_at_all(shop, written):
    shop.export("sales.csv", f"id;amount;note\n1;{written};x\n2;1,00;y\n")
    table = {"format": GERMAN["format"], "max_rejects": 0.5}
    (load,) = shop.land(SALES, **table)
    expected = NUMBERS[written]
    assert load.rows_rejected == (expected is None)
    landed = shop.rows("id, amount", SALES, **table)
    assert landed == [*([(1, expected)] if expected is not None else []), (2, 1)]


def test_a_decimal_comma_alone_is_read_fast_and_a_point_is_none(shop):
    shop.export("sales.csv", "id;amount;note\n1;1,25;x\n2;1.25;y\n")
    table = {"format": Format(delimiter=";", decimal=","), "max_rejects": 0.5}
    (load,) = shop.land(SALES, **table)
    assert [r["line"] for r in rejects(shop, load.load_id)] == [3]
    assert shop.rows("amount", SALES, **table) == [(Decimal("1.25"),)]


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
