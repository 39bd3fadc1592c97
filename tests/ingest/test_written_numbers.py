"""Numbers with signs and symbols, as a contract says that they are written."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ingest.contracts.formats import Format
from tests.ingest.readers.kinds import GERMAN
from tests.ingest.shop import SALES, rejects

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
