"""Workbooks: what cells hold lands as it is, or its row is refused."""

import io
import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from ingest.contracts import Column
from ingest.contracts.formats import Format
from ingest.quarantine import quarantine_file
from tests.ingest.readers.kinds import with_xml
from tests.ingest.shop import SALES, columns, rejects

HEADER = ["id", "amount", "note"]
GOOD = [[n, n + 0.5, f"note {n}"] for n in range(1, 10)]
LENIENT = {"max_rejects": 0.5}


class Formula(str):
    """A formula with this result, of which Excel keeps the value."""


def workbook(rows: list[list], first: tuple[int, int] = (0, 0)) -> bytes:
    """Return a workbook; None leaves a cell out, '' is an empty text."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet("S")
        top, left = first
        for line, row in enumerate(rows, start=top):
            for place, cell in enumerate(row, start=left):
                if isinstance(cell, Formula):
                    sheet.write_formula(line, place, "=1/0", None, str(cell))
                elif isinstance(cell, date):
                    sheet.write_datetime(line, place, cell, moment)
                elif isinstance(cell, str):
                    sheet.write_string(line, place, cell)
                elif cell is not None:
                    sheet.write(line, place, cell)
    return target.getvalue()


def day_column(data_type: str, pattern: str | None) -> dict:
    day = Column("day", data_type, False, None, pattern)
    return {"columns": (*SALES.columns, day), **LENIENT}


TEN = datetime(2020, 1, 2, 10, 30, 15)
MOMENTS = [
    ("date", None, TEN, None),
    ("date", "%d.%m.%Y", TEN, None),
    ("date", "%d.%m.%Y", datetime(2020, 1, 2), date(2020, 1, 2)),
    ("date", "%-d.%-m.%Y", datetime(2020, 1, 2), date(2020, 1, 2)),
    ("date", "%d.%m.%Y %H:%M", TEN, None),
    ("date", "%d.%m.%Y %H:%M", datetime(2020, 1, 2), date(2020, 1, 2)),
    ("date", "%d.%m.%y", datetime(1950, 5, 1), None),
    ("date", "%d.%m.%y", datetime(1970, 5, 1), date(1970, 5, 1)),
    ("date", "%j/%Y", True, None),
    ("timestamp", "%d.%m.%Y", TEN, None),
    ("timestamp", "%d.%m.%Y %H:%M", TEN, None),
    ("timestamp", "%d.%m.%Y %H:%M", TEN.replace(second=0), TEN.replace(second=0)),
    ("timestamp", "%d.%m.%Y %H:%M:%S", TEN, TEN),
    ("timestamp", "%d.%m.%Y %I:%M:%S", TEN, None),
    ("timestamp", "%d.%m.%Y %I:%M:%S %p", TEN, TEN),
]


@pytest.mark.parametrize(("data_type", "pattern", "cell", "expected"), MOMENTS)
def test_a_time_that_the_format_has_no_place_for_is_not_cut_off(
    shop, data_type, pattern, cell, expected
):
    rows = [[*HEADER, "day"], [*GOOD[0], cell], [*GOOD[1], None]]
    shop.export("sales.xlsx", workbook(rows))
    table = day_column(data_type, pattern)
    (load,) = shop.land(SALES, **table)
    landed = shop.rows("day", SALES, **table)
    if expected is not None:
        assert landed == [(expected,), (None,)]
        return
    assert landed == [(None,)]
    (reject,) = rejects(shop, load.load_id)
    assert reject["column_name"] == "day"
    assert reject["reason"] == f"not a value of type {data_type}"


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Formula("#N/A"), "an error such as #N/A"),
        (Formula("#DIV/0!"), "an error such as #N/A"),
        (Formula(""), "a formula without a result; open the workbook in Excel"),
    ],
)
@pytest.mark.parametrize("first", [(0, 0), (3, 2)])
def test_an_error_is_no_empty_cell(shop, place, cell, reason, first):
    broken = [77, 1.5, "x"]
    broken[place] = cell
    shop.export("sales.xlsx", workbook([HEADER, *GOOD, broken, GOOD[0]], first))
    (load,) = shop.land(SALES, **LENIENT)
    assert [(f.rows_read, f.rows_loaded) for f in load.files] == [(11, 10)]
    (reject,) = rejects(shop, load.load_id)
    assert (reject["line"], reject["column_name"]) == (first[0] + 11, HEADER[place])
    assert reject["reason"].startswith(reason)
    fields = json.loads(reject["text"])
    assert [fields[n] for n in HEADER if n != HEADER[place]] == [
        text for n, text in enumerate(("77", "1.5", "x")) if n != place
    ]


def test_a_row_with_an_error_keeps_its_key_so_that_a_later_one_closes_it(shop):
    rows = [HEADER, *GOOD, [77, Formula("#N/A"), "x"]]
    shop.export("sales_1.xlsx", workbook(rows))
    (load,) = shop.land(SALES, **LENIENT)
    path = quarantine_file(shop.deployment, "shop.sales", load.load_id)
    assert pq.read_table(path).column("key").to_pylist() == [["77"]]


@pytest.mark.parametrize("cell", [Formula("#N/A"), Formula("")])
def test_a_row_of_errors_only_is_no_blank_one(shop, cell):
    rows = [[*HEADER, "else"], *GOOD, [cell], GOOD[0], [None, cell, cell]]
    shop.export("sales.xlsx", workbook(rows))
    (load,) = shop.land(SALES, **LENIENT)
    assert [(f.rows_read, f.rows_loaded) for f in load.files] == [(12, 10)]
    assert [reject["line"] for reject in rejects(shop, 1)] == [11, 13]


def test_an_error_that_means_nothing_is_none_and_so_is_an_empty_result(shop):
    rows = [HEADER, [1, Formula("#N/A"), Formula("#N/A")], [2, 2.5, Formula("")]]
    content = with_xml(workbook(rows), b'(<c r="C3")><f>', rb'\1 t="str"><f>')
    shop.export("sales.xlsx", content)
    table = {"format": Format(nulls=("#N/A",)), "control_amount": None}
    shop.land(SALES, **table)
    landed = shop.rows("id, amount, note", SALES, **table)
    assert landed == [(1, None, None), (2, Decimal("2.50"), None)]


def test_an_error_in_a_column_that_nobody_asked_for_refuses_nothing(shop):
    rows = [[*HEADER, "else"], [1, 1.5, "x", Formula("#REF!")]]
    shop.export("sales.xlsx", workbook(rows))
    (load,) = shop.land()
    assert (load.rows_loaded, load.rows_rejected) == (1, 0)


def test_a_number_may_be_a_name(shop):
    shop.export("sales.xlsx", workbook([["id", "amount", 2024], [1, 1.5, "x"]]))
    table = {
        "columns": columns({"id": "bigint", "amount": "double", "2024": "varchar"})
    }
    shop.land(SALES, **table)
    assert shop.rows('"2024"', SALES, **table) == [("x",)]


BLANK = b'<c r="C1" t="inlineStr"><is><t>%b</t></is></c>'
KEPT = BLANK.replace(b"<t>", b'<t xml:space="preserve">')


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize(
    ("cell", "rows"),
    [
        (BLANK % b" ", 1),
        (BLANK % b"\n\t", 1),
        (BLANK % b"&#10; &#x20;", 1),
        (BLANK % b"", 1),
        (BLANK % b"&#160;", 2),
        (BLANK % b" x", 2),
        (KEPT % b" ", 2),
        (KEPT % b"", 1),
    ],
)
def test_blanks_in_a_cell_are_nothing_unless_they_are_to_be_kept(
    shop, cell, rows, is_shared
):
    """Some programs write them without saying so, and readers drop them."""
    content = workbook([HEADER, GOOD[0]])
    if is_shared:
        text = cell[cell.index(b"<t") : cell.index(b"</is>")]
        content = with_xml(
            content, b"</sst>", b"<si>%b</si></sst>" % text, "xl/sharedStrings.xml"
        )
        cell = b'<c r="C1" t="s"><v>4</v></c>'
    row = b'<row r="9"><c r="A9"/>%b</row></sheetData>' % cell.replace(b"C1", b"C9")
    shop.export("sales.xlsx", with_xml(content, b"</sheetData>", row))
    table = {"key": (), "control_amount": None}
    (load,) = shop.land(SALES, **table)
    assert [(f.rows_read, f.rows_loaded) for f in load.files] == [(rows, rows)]


def test_text_that_looks_like_an_error_is_text(shop):
    shop.export("sales.xlsx", workbook([HEADER, [1, 1.5, "#N/A"], [2, 2.5, "1<f"]]))
    shop.land()
    assert shop.rows("note") == [("#N/A",), ("1<f",)]


def test_rows_of_empty_texts_are_blank_in_both_counts(shop):
    rows = [HEADER, GOOD[0], ["", "", ""], GOOD[1], ["", None, " "], [7, "", ""]]
    shop.export("sales.xlsx", workbook(rows))
    (load,) = shop.land(SALES, key=(), control_amount=None)
    assert [(f.rows_read, f.rows_loaded) for f in load.files] == [(4, 4)]
    assert shop.rows("id, note")[2:] == [(None, " "), (7, None)]


def test_a_strict_workbook_is_read(shop):
    """As Excel saves it that is told to keep to the standard strictly."""
    content = workbook([HEADER, *GOOD])
    for old, new in (
        (
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ),
        (
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    ):
        content = with_xml(content, old, new, of="")
    shop.export("sales.xlsx", content)
    (load,) = shop.land()
    assert load.rows_loaded == len(GOOD)
