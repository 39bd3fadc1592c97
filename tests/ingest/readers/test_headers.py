"""Names in a header, written otherwise than the contract has them."""

import io
import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from dbt_models import WarehouseError
from ingest.contracts import Column
from ingest.contracts.formats import Format
from ingest.quarantine import quarantine_file
from ingest.readers import csv_pieces
from ingest.readers.headers import bare_names
from tests.ingest.readers.kinds import ROWS, TYPES, workbook
from tests.ingest.readers.test_kinds import contract
from tests.ingest.shop import SALES, columns, rejects


@pytest.mark.parametrize(
    ("header", "known", "names"),
    [
        (["id", "a b"], (), ["id", "a b"]),
        ([" id ", "a\t", "\u00a0b"], (), ["id", "a", "b"]),
        ([' "id"', '" a "', '"say ""hi"""'], (), ["id", "a", 'say "hi"']),
        (['"', '""', "'id'"], (), ['"', "", "'id'"]),
        # Two never become one.
        (["id", "id "], (), ["id", "id "]),
        ([" id", "ID "], (), [" id", "ID "]),
        (["id", '"id"'], (), ["id", '"id"']),
        (["id ", "a "], ("id ",), ["id ", "a"]),
    ],
)
def test_names_are_bare_where_they_stay_apart(header, known, names):
    assert bare_names(header, '"', known) == names


def test_a_column_beside_one_whose_name_has_no_blank_is_unknown(shop):
    shop.export("sales.csv", "id ,id, amount,more ,note\n7,1,1.00,y,x\n")
    (load,) = shop.land()
    assert load.unknown_columns == ("id ", "more")
    assert shop.rows("id, note") == [(1, "x")]


def test_a_name_that_a_contract_has_with_its_blank_is_that_column(shop):
    types = {"id": "bigint", "amount": "decimal(12, 2)", "note ": "varchar"}
    table = {"columns": columns(types)}
    shop.export("sales.csv", "id,amount,note \n1,1.00,x\n")
    (load,) = shop.land(**table)
    assert load.unknown_columns == ()
    assert shop.rows('"note "', SALES, **table) == [("x",)]


def test_names_in_a_sheet_may_have_blanks(shop):
    names = {name: f" {name} " for name in TYPES}
    content = workbook(ROWS, names=tuple(names.values()))
    shop.export("sales.xlsx", content)
    (load,) = shop.land(**contract())
    assert (load.rows_loaded, load.unknown_columns) == (4, ())


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("id,,amount,note", "1,{},1.00,x"),
        (",id,amount,note", "{},1,1.00,x"),
        ("id,amount,note, ,", "1,1.00,x,{},"),
        (None, "1,1.00,x,{}"),
    ],
)
def test_a_column_without_a_name_is_nothing_unless_a_value_stands_in_it(
    shop, header, row, ending
):
    """Nothing is lost: who wants the value gives it a name."""
    table = {"max_rejects": 0.5, "key": ()}
    table["format"] = Format(header=header is not None)
    lines = [row.format(value) for value in ("", " ", "", "0")]
    text = "\n".join([*([header] if header else []), *lines])
    shop.export(f"sales.{ending}", text)
    (load,) = shop.land(SALES, **table)
    assert (load.rows_loaded, load.rows_rejected) == (3, 1)
    assert load.unknown_columns == ()
    assert shop.rows("id, amount, note", SALES, **table) == [(1, 1, "x")] * 3
    (reject,) = rejects(shop, 1)
    assert reject["text"] == lines[-1]
    assert reject["column_name"].endswith(" (no name)")
    assert reject["reason"] == "a value in a column that has no name in the header"


def test_two_columns_without_names_are_two(shop):
    shop.export("sales.csv", "id,,amount,,note\n1,,1.00,,x\n")
    shop.land()
    assert shop.rows("id, note") == [(1, "x")]


def test_a_first_row_with_a_value_too_many_is_refused(shop):
    shop.export("sales.csv", "1,1.00,x,y\n")
    table = replace(SALES, format=Format(header=False))
    with pytest.raises(WarehouseError, match="its first row has 4 fields"):
        shop.land(table)


def written(kind: str, names: tuple[str, ...], rows: list[tuple]) -> str | bytes:
    """Return a file of three columns; ``rows`` hold numbers and plain text."""
    if kind == "json":
        return json.dumps([dict(zip(names, row, strict=True)) for row in rows])
    if kind == "jsonl":
        lines = [dict(zip(names, row, strict=True)) for row in rows]
        return "\n".join(
            json.dumps({"at": {names[2]: line.pop(names[2])}, **line}) for line in lines
        )
    target = io.BytesIO()
    if kind == "xlsx":
        with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            for line, row in enumerate([names, *rows]):
                sheet.write_row(line, 0, row)
        return target.getvalue()
    if kind == "parquet":
        columns = [
            [str(v) if v != "" else None for v in values]
            for values in zip(*rows, strict=True)
        ]
        pq.write_table(pa.table(columns, names=list(names)), target)
        return target.getvalue()
    lines = [",".join(map(str, row)) for row in [names, *rows]]
    return "\n".join(lines) + "\n"


EVERY_KIND = ["csv", "json", "jsonl", "parquet", "xlsx"]


def renamed(kind: str) -> dict:
    """Return what a contract says whose every column had another name before."""
    inside = "at." if kind == "jsonl" else ""
    found = columns(
        {"nr": "bigint", "paid": "decimal(12, 2)", f"{inside}by": "varchar"}
    )
    earlier = (("id",), ("price", "amount"), (f"{inside}member",))
    return {
        "columns": tuple(
            replace(column, was=was) for column, was in zip(found, earlier, strict=True)
        ),
        "key": ("nr",),
        "control_amount": "paid",
        "max_rejects": 0.5,
    }


OLD = ("id", "amount", "member")
NEW = ("nr", "paid", "by")


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_earlier_name_is_the_columns_where_a_file_lacks_the_new_one(shop, kind):
    """And the contract holds for what stands under it; each file goes by its own."""
    table = renamed(kind)
    broken = [(2, "much", "b"), ("", 1, "b")]
    shop.export(f"sales_1.{kind}", written(kind, OLD, [(1, 1.5, "a"), *broken]))
    shop.export(f"sales_2.{kind}", written(kind, NEW, [(3, 2.5, "c")]))
    shop.export(f"sales_3.{kind}", written(kind, OLD, [(4, 3.5, "d")]))
    shop.export(
        f"sales_4.{kind}", written(kind, (NEW[1], NEW[0], NEW[2]), [(4.5, 5, "e")])
    )
    (load,) = shop.land(**table)
    assert load.unknown_columns == ()
    assert (load.rows_loaded, load.rows_rejected) == (4, 2)
    assert [
        float(f.control_amount) for f in sorted(load.files, key=lambda f: f.path)
    ] == [1.5, 2.5, 3.5, 4.5]
    by = '"at.by"' if kind == "jsonl" else '"by"'
    rows = shop.rows(f"nr, paid::double, {by}", **table)
    assert rows == [(1, 1.5, "a"), (3, 2.5, "c"), (4, 3.5, "d"), (5, 4.5, "e")]
    assert [(r["column_name"], r["reason"][:5]) for r in rejects(shop, 1)] == [
        ("paid", "not a"),
        ("nr", "empty"),
    ]
    key, no_key = pq.read_table(quarantine(shop))["key"].to_pylist()
    assert (key, no_key) == (["2"], None)


def quarantine(shop):
    return quarantine_file(shop.deployment, "shop.sales", 1)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_earlier_name_beside_the_new_one_is_another_column(shop, kind):
    table = {"columns": columns({"id": "bigint", "x": "varchar", "note": "varchar"})}
    table["columns"] = (*table["columns"][:2], replace(table["columns"][2], was=("m",)))
    table["control_amount"] = None
    content = written(
        kind if kind != "jsonl" else "json", ("id", "m", "note"), [(1, 2, 3)]
    )
    shop.export(f"sales.{kind}", content)
    with pytest.raises(WarehouseError, match="column x is missing; it has id"):
        shop.land(**table)
    table["columns"] = (table["columns"][0], table["columns"][2])
    (load,) = shop.land(**table)
    assert load.unknown_columns == ("m",)
    assert shop.rows("id, note", **table) == [(1, "3")]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_names_in_other_letters_are_the_contracts(shop, kind):
    kind_of = "json" if kind == "jsonl" else kind
    names = ("ID", "Amount", "NOTE")
    shop.export(f"sales_1.{kind}", written(kind_of, names, [(1, 1.5, "a")]))
    shop.export(f"sales_2.{kind}", written(kind_of, tuple(TYPES)[:3], [(2, 2.5, "b")]))
    (load,) = shop.land()
    assert (load.rows_loaded, load.unknown_columns) == (2, ())
    assert shop.rows("id, note") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_name_in_other_letters_is_not_left_out(shop, kind):
    table = optional("note", "seen")
    kind_of = "json" if kind == "jsonl" else kind
    rows = [(1, 1.5, "2026-01-31")]
    shop.export(f"sales.{kind}", written(kind_of, ("id", "amount", "Note"), rows))
    shop.land(**table)
    assert shop.rows("note::varchar", **table) == [("2026-01-31",)]


def test_a_header_in_other_letters_is_told_its_delimiter(shop):
    shop.export("sales.csv", "ID;Amount;Note\n1;1.00;x\n")
    with pytest.raises(WarehouseError, match=r"it has ID;.*\(format: {delimiter: ';'}"):
        shop.land()


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_names_that_differ_in_their_letters_only_are_refused(shop, kind):
    names = ("id", "amount", "note", "Note")
    kind_of = "json" if kind == "jsonl" else kind
    shop.export(f"sales.{kind}", written(kind_of, names, [(1, 1.5, "a", "b")]))
    told = "columns note and Note differ in upper and lower case only"
    with pytest.raises(WarehouseError, match=told):
        shop.land()


def optional(*names: str) -> dict:
    """Return a contract in which columns may be left out."""
    found = columns({**TYPES, "note": "date", "seen": "timestamp"})
    found = (*found[:3], found[-1])
    return {
        "columns": tuple(replace(c, optional=c.name in names) for c in found),
        "known_at": "seen",
        "max_rejects": 0.5,
    }


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_column_that_a_file_may_leave_out_is_empty_there(shop, kind):
    table = optional("note", "seen")
    kind_of = "json" if kind == "jsonl" else kind
    whole, less = ("id", "note", "amount", "seen"), ("id", "amount")
    day, moment = "2026-01-31", "2026-01-31 10:00:00"
    rows = [(1, day, 1.5, moment), (2, "x", 1.5, moment)]
    shop.export(f"sales_1.{kind}", written(kind_of, whole, rows))
    rows = [(3, 2.5), (4, "much")]
    shop.export(f"sales_2.{kind}", written(kind_of, less, rows))
    (load,) = shop.land(**table)
    assert (load.rows_loaded, load.rows_rejected) == (2, 2)
    shown = shop.rows("id, note::varchar, amount::double, seen::varchar", **table)
    assert shown == [(1, day, 1.5, moment), (3, None, 2.5, None)]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_other_column_may_be_left_out(shop, kind):
    kind_of = "json" if kind == "jsonl" else kind
    shop.export(f"sales.{kind}", written(kind_of, ("id", "amount"), [(1, 1.5)]))
    told = r"column seen is missing; it has id, amount\. If files may leave it out, let"
    with pytest.raises(WarehouseError, match=told):
        shop.land(**optional("note"))


@pytest.mark.parametrize("name", ["id", "amount"])
def test_what_is_a_key_or_added_up_is_never_left_out(shop, name):
    names = [other for other in ("id", "amount", "more") if other != name]
    shop.export("sales.csv", written("csv", tuple(names), [(1, 1)]))
    with pytest.raises(
        WarehouseError, match=f"column {name} is missing; it has"
    ) as told:
        shop.land(**optional(*TYPES, "seen"))
    assert "leave it out" not in str(told.value)


def test_a_name_that_changes_again_keeps_those_before_it(shop):
    """Rows landed under the first of them would show nothing."""
    text = Column("text", "varchar", False, None, was=("note",))
    shop.export("sales.csv", "id,amount,remark\n1,1,a\n")
    with pytest.raises(WarehouseError, match=r"\{was: \[text, note\]\}"):
        shop.land(columns=(*SALES.columns[:2], text))


def test_a_large_file_without_a_column_lands_in_pieces(shop, monkeypatch):
    monkeypatch.setattr(csv_pieces, "SIZE", 20)
    lines = [f"{n},{n}.50" for n in range(20)]
    shop.export("sales.csv", "\n".join(["id,amount", *lines, "x,1.00"]))
    (load,) = shop.land(**optional("note", "seen"))
    assert (load.rows_loaded, load.rows_rejected) == (20, 1)


def test_a_file_that_leaves_out_all_that_it_may_is_none_of_the_table(shop):
    table = {"columns": tuple(replace(c, optional=True) for c in columns(TYPES))[2:3]}
    shop.export("sales.csv", "a,b\n1,2\n")
    with pytest.raises(WarehouseError, match="column note is missing; none of its 2"):
        shop.land(SALES, **table, key=(), control_amount=None)
