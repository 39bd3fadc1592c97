"""Fixed-width files, and what their first line is."""

from decimal import Decimal

import pytest

from dbt_models import WarehouseError
from ingest.contracts.formats import Format
from tests.ingest.shop import columns

NAMES = "  idamount    note\n"
ROWS = "   11,50      Ann\n   2-0,50     Bo\n"
LANDED = [(1, Decimal("1.50"), "Ann"), (2, Decimal("-0.50"), "Bo")]
WIDTHS = (("id", 4), ("amount", 10), ("note", 20))


def says(header: bool, **more: int) -> dict:
    return {"format": Format(widths=WIDTHS, header=header, decimal=",", **more)}


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        (ROWS, says(header=False)),
        (NAMES + ROWS, says(header=True)),
        (NAMES + ROWS, says(header=False, skip_lines=1)),
        # Names that the contract does not have, and what underlines them.
        ("NR  Betrag    Text\n" + ROWS, says(header=True)),
        (NAMES + "--- --------- ---\n" + ROWS, says(header=True, skip_lines=1)),
        ("\n" + ROWS, says(header=True)),
    ],
)
def test_each_line_that_is_no_header_is_a_row(shop, text, format_):
    shop.export("sales.txt", text)
    shop.land(**format_)
    assert shop.rows("id, amount, note", **format_) == LANDED


@pytest.mark.parametrize(
    ("text", "format_", "words"),
    [
        (ROWS, says(header=True), "line 1 is a row of data, and would be passed over"),
        (NAMES + ROWS, says(header=True, skip_lines=1), "line 2 is a row of data"),
        (NAMES + ROWS, says(header=False), "line 1 has the names of the columns"),
        ("ID  AMOUNT\n" + ROWS, says(header=False), "line 1 has the names"),
    ],
)
def test_a_first_line_is_what_the_contract_says(shop, text, format_, words):
    shop.export("sales.txt", text)
    with pytest.raises(WarehouseError, match=words) as caught:
        shop.land(**format_)
    assert "Ann" not in str(caught.value)


def test_names_cut_to_their_width_are_names(shop):
    types = {"id": "bigint", "amount": "decimal(12, 2)", "member": "varchar"}
    widths = (("id", 4), ("amount", 5), ("member", 3))
    shop.export("sales.txt", "  idamounmem\n   1 1.50Ann\n")
    table = {"columns": columns(types), "format": Format(widths=widths, header=False)}
    with pytest.raises(WarehouseError, match="names of the columns"):
        shop.land(**table)


@pytest.mark.parametrize("row", ["7SOT", "7S T", " SOT"])
def test_codes_that_names_begin_with_are_data(shop, row):
    """Such as S of status: taken for names, their row would have to be given up."""
    names = ("id", "state", "order_type", "type")
    widths = tuple((name, 1) for name in names)
    shop.export("sales.txt", f"{row}\n8ABC\n")
    table = {
        "columns": columns(dict.fromkeys(names, "varchar")),
        "format": Format(widths=widths, header=False),
        "key": (),
        "control_amount": None,
    }
    (load,) = shop.land(**table)
    assert load.rows_loaded == 2
