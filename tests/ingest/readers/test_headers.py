"""Names in a header, written otherwise than the contract has them."""

from dataclasses import replace

import pytest

from dbt_models import WarehouseError
from ingest.contracts.formats import Format
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
