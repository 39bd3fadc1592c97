"""What was landed before the contract said what it says now is read as it says now."""

import shutil
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from dbt_models import WarehouseError
from ingest.contracts import Column
from ingest.contracts.formats import Format
from tests.ingest.shop import SALES, Shop, columns

TEXTS = [
    *["1", "0007", "-5", "+5", "1.5", "1,5", "1,50", "1.23", "3.999", "3,999", "5.0"],
    *["1.234", "1.234,56", "1,234.56", "12.34.567", "1e3", "1e-15", ".5", ",5", "0x10"],
    *[
        "3000000000",
        "99999999999999999999",
        "5 EUR",
        "€ 5",
        "5 $",
        "(5)",
        "5-",
        "\u22125",
    ],
    *["nan", "inf", "infinity", "epoch", "today", "-", "NULL", "null", " ", " 7 ", "x"],
    *["true", "false", "t", "yes", "ja", "NEIN", "nein ", "0"],
    *["2026-04-03", "2026-13-01", "2026-02-30", "20260403", "03.04.2026", "03.04.26"],
    *["2026-04-03 00:00:00", "2026-04-03 10:00", "2026-04-03T10", "2026-04-03 24:00"],
    *[
        "2026-01-01T10:00:00+02:00",
        "2026-01-01T10:00:00Z",
        "2026-01-01 10:00:00.1234567",
    ],
    *["2026-10-25T00:30:00Z", "03.04.2026 10:00", "03.04.2026 10:00 +0200"],
]
PLAIN = {"delimiter": ";"}
GERMAN = PLAIN | {"decimal": ",", "thousands": ".", "symbols": ("€", "EUR")}
NUMBERS = [
    PLAIN,
    PLAIN | {"decimal": ","},
    GERMAN | {"negative": "(1)", "nulls": ("-", "NULL")},
    GERMAN | {"negative": "1-"},
]
CONTRACTS = [
    *[
        (type_, None, written)
        for type_ in ("integer", "bigint", "decimal(12, 2)", "double")
        for written in NUMBERS
    ],
    *[("varchar", None, written) for written in NUMBERS[1:3]],
    *[("boolean", words, PLAIN) for words in (None, "ja/nein")],
    *[("date", pattern, NUMBERS[2]) for pattern in (None, "%d.%m.%Y", "%Y-%d-%m")],
    *[
        ("timestamp", pattern, PLAIN)
        for pattern in (None, "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M %z", "%Y-%d-%m")
    ],
]


def export(shop: Shop, name: str, numbered: list[tuple[int, str]]) -> None:
    rows = "".join(f'{n};1;"{text}"\n' for n, text in numbered)
    shop.export(name, f"id;amount;extra\n{rows}")


@pytest.mark.parametrize(("type_", "pattern", "written"), CONTRACTS)
def test_a_column_taken_in_later_is_read_like_one_known_from_the_start(
    tmp_path, type_, pattern, written
):
    """The same values, the same refusals; also beside loads that knew it."""
    known = {
        "columns": (
            *columns({"id": "bigint", "amount": "bigint"}),
            Column("extra", type_, False, None, pattern),
        ),
        "format": Format(**written),
        "timezone": "Europe/Berlin",
        "max_rejects": 1,
    }
    # What means nothing is said only once somebody has asked what it means.
    unknown = known | {
        "columns": known["columns"][:2],
        "format": Format(delimiter=";"),
    }
    numbered = list(enumerate(TEXTS))
    start = Shop(tmp_path / "start")
    export(start, "sales.csv", numbered)
    start.land(**known)
    values = dict(start.rows("id, extra", **known))
    refused = len(TEXTS) - len(values)
    if refused:
        later = Shop(tmp_path / "refused")
        export(later, "sales.csv", numbered)
        later.land(**unknown)
        with pytest.raises(WarehouseError, match="column extra: ") as told:
            later.show(**known)
        assert f": {refused:,} rows that are landed already" in str(told.value)
    later = Shop(tmp_path / "later")
    kept = [(n, text) for n, text in numbered if n in values]
    again = len(TEXTS)
    export(later, "sales_1.csv", kept)
    later.land(**unknown)
    export(later, "sales_2.csv", [(n + again, text) for n, text in kept])
    later.land(**known)
    shown = dict(later.rows("id, extra", **known))
    assert shown == values | {n + again: value for n, value in values.items()}


READ_WRONG = [
    ("decimal(12, 2)", None, "1.234", Decimal(1234)),
    ("decimal(12, 2)", None, "1,50", Decimal("1.50")),
    ("decimal(12, 2)", None, "5 EUR", Decimal(5)),
    ("bigint", None, "(5)", -5),
    ("double", None, "-", None),
    ("varchar", None, "-", None),
    ("date", "%d.%m.%Y", "03.04.2026", date(2026, 4, 3)),
    ("date", "%Y-%d-%m", "2026-04-03", date(2026, 3, 4)),
    ("timestamp", None, "2026-01-01T10:00:00+02:00", datetime(2026, 1, 1, 8)),
    ("boolean", "ja/nein", "Ja", True),
]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(("type_", "pattern", "text", "value"), READ_WRONG)
def test_text_landed_under_an_earlier_name_is_read_as_the_contract_says(
    shop, ending, type_, pattern, text, value
):
    if ending == "csv":
        shop.export("sales.csv", f'id,amount,note\n1,1,"{text}"\n')
    elif ending == "jsonl":
        shop.export("sales.jsonl", f'{{"id": 1, "amount": "1", "note": "{text}"}}\n')
    else:
        query = f"select 1 as id, 1 as amount, '{text}' as note"
        shop.export_parquet("sales.parquet", query)
    unknown = {"columns": SALES.columns[:2]}
    shop.land(**unknown)
    extra = Column("extra", type_, False, None, pattern, was=("note",))
    known = {
        "columns": (*SALES.columns[:2], extra),
        "format": Format(
            decimal=",", thousands=".", symbols=("EUR",), negative="(1)", nulls=("-",)
        ),
    }
    assert shop.rows("extra", **known) == [(value,)]


def test_a_parquet_columns_own_type_is_taken_in_as_it_was(shop):
    """Such as a moment with its offset: unknown, it was landed as text."""
    query = """select 1 as id, 1 as amount,
        timestamptz '2026-01-01 10:00:00Z' as paid_at, 1.234::double as price,
        true as is_paid, date '2026-04-03' as day"""
    shop.export_parquet("sales.parquet", query)
    shop.land(columns=SALES.columns[:2])
    types = {"id": "bigint", "amount": "decimal(12, 2)", "paid_at": "timestamp"}
    types |= {"price": "decimal(12, 3)", "is_paid": "boolean", "day": "date"}
    known = {"columns": columns(types), "timezone": "Europe/Berlin"}
    assert shop.rows("paid_at, price, is_paid, day", **known) == [
        (datetime(2026, 1, 1, 11), Decimal("1.234"), True, date(2026, 4, 3))
    ]


@pytest.mark.parametrize(
    ("before", "text", "type_", "value"),
    [
        ("decimal(12, 3)", "3.999", "decimal(12, 2)", None),
        ("decimal(12, 3)", "3.990", "decimal(12, 2)", Decimal("3.99")),
        ("decimal(12, 2)", "1.23", "decimal(14, 4)", Decimal("1.23")),
        ("decimal(12, 2)", "3.99", "bigint", None),
        ("decimal(12, 2)", "3.00", "bigint", 3),
        ("double", "0.5", "integer", None),
        ("double", "1e300", "decimal(12, 2)", None),
        ("bigint", "3000000000", "integer", None),
        ("bigint", "1234", "decimal(12, 2)", Decimal(1234)),
        ("boolean", "true", "integer", None),
        ("timestamp", "2026-04-03 10:00:00", "date", None),
        ("timestamp", "2026-04-03 00:00:00", "date", date(2026, 4, 3)),
        ("date", "2026-04-03", "timestamp", datetime(2026, 4, 3)),
        ("date", "2026-04-03", "varchar", "2026-04-03"),
        ("decimal(12, 2)", "1.50", "varchar", "1.50"),
    ],
)
@pytest.mark.parametrize("written", [{}, {"decimal": ",", "thousands": "."}])
def test_a_value_that_has_a_type_changes_it_only_where_nothing_is_lost(
    shop, before, text, type_, value, written
):
    """However the contract now says that values are written: these have been read."""
    types = {"id": "bigint", "amount": "decimal(12, 2)", "extra": before}
    shop.export("sales.csv", f"id,amount,extra\n1,1,{text}\n")
    shop.land(columns=columns(types))
    now = {"columns": columns(types | {"extra": type_}), "format": Format(**written)}
    if value is not None:
        assert shop.rows("extra", **now) == [(value,)]
        return
    with pytest.raises(WarehouseError, match=r"column extra: 1 rows .* not a value of"):
        shop.show(**now)


@pytest.mark.parametrize("name", ["note", "extra"])
def test_words_for_nothing_are_nothing_in_what_was_landed_as_text(shop, name):
    """Whether or not the contract knew the column; words that it always had are."""
    shop.export("sales.csv", f"id,amount,{name}\n1,1,-\n2,1,NULL\n3,1,a\n")
    known = {"columns": columns(SALES.types | {name: "varchar"})}
    optional = tuple(replace(c, optional=True) for c in SALES.columns)
    shop.land(columns=optional, format=Format(nulls=("NULL",)))
    assert shop.rows(name, **known) == [("-",), (None,), ("a",)]
    known |= {"format": Format(nulls=("NULL", "-"))}
    assert shop.rows(name, **known) == [(None,), (None,), ("a",)]


def test_a_pattern_is_not_asked_of_days_that_have_been_read(shop):
    types = {"id": "bigint", "amount": "decimal(12, 2)", "day": "timestamp"}
    shop.export("sales.csv", "id,amount,day\n1,1,2026-04-03\n")
    shop.land(columns=columns(types))
    day = Column("day", "date", False, None, "%Y-%d-%m")
    now = {"columns": (*columns(types)[:2], day)}
    assert shop.rows("day", **now) == [(date(2026, 4, 3),)]


def test_large_amounts_stay_exact_beside_doubles(shop):
    """Read at once, a load's decimals would become doubles like those of another."""
    amount = Decimal("99999999999999.99")
    types = {"id": "bigint", "amount": "decimal(18, 2)"}
    for number, type_ in enumerate(("double", "decimal(18, 2)"), start=1):
        written = amount if number == 2 else 1
        shop.export(f"sales_{number}.csv", f"id,amount\n{number},{written}\n")
        shop.land(columns=columns(types | {"amount": type_}))
    assert shop.rows("amount", columns=columns(types)) == [(1,), (amount,)]


def test_what_a_type_does_not_hold_is_said_with_its_files_and_can_be_mended(shop):
    header = "id,amount,note,points\n"
    for number in range(1, 6):
        points = number if number < 2 else f"secret{number}"
        shop.export(f"sales_{number}.csv", f"{header}{number},1,a,{points}\n")
        shop.land()
    known = {"columns": (*SALES.columns, Column("points", "integer", False, None))}
    with pytest.raises(WarehouseError) as told:
        shop.show(**known)
    folder = shop.deployment.raw / "shop" / "sales"
    assert str(told.value) == (
        "shop.sales, column points: 4 rows that are landed already break the contract "
        "as it is now: not a value of type integer. They are from "
        "exports/shop/sales_2.csv (load 2), exports/shop/sales_3.csv (load 3), "
        "exports/shop/sales_4.csv (load 4), 1 more files. Give the column a type or a "
        "format in the contract that holds them too; or mend these files below "
        f"exports/ and delete the folders of their loads in {folder} , and the next "
        "run lands them again."
    )
    for number in range(2, 6):
        shop.export(f"sales_{number}.csv", f"{header}{number},1,a,{number}\n")
        shutil.rmtree(folder / f"{number:06d}")
    shop.land(**known)
    assert shop.rows("points", **known) == [(number,) for number in range(1, 6)]


def test_what_came_again_with_the_mended_contract_is_not_counted(shop):
    shop.export("sales.csv", "id,amount,note,points\n1,1,a,x\n2,1,a,2\nx,1,a,3\n")
    shop.land(max_rejects=0.5)
    known = {"columns": (*SALES.columns, Column("points", "integer", False, None))}
    shop.land(max_rejects=0.9, **known)
    assert shop.rows("id, points", **known) == [(2, 2)]


def test_a_required_column_taken_in_later_may_not_be_empty(shop):
    shop.export("sales.csv", "id,amount,note,points\n1,1,a,\n2,1,a,7\n")
    shop.land()
    points = Column("points", "integer", True, None)
    with pytest.raises(WarehouseError, match="points: 1 rows .* empty, but required"):
        shop.show(columns=(*SALES.columns, points))
    optional = replace(points, required=False)
    found = shop.rows("points", columns=(*SALES.columns, optional))
    assert found == [(None,), (7,)]


def test_the_column_that_says_when_a_row_was_known_may_be_taken_in_later(shop):
    shop.export("sales.csv", "id,amount,paid_at\n1,1,2026-01-01T10:00:00+02:00\n")
    bare = {"columns": SALES.columns[:2], "timezone": "Europe/Berlin"}
    shop.land(**bare)
    paid_at = Column("paid_at", "timestamp", False, None)
    known = bare | {"columns": (*SALES.columns[:2], paid_at), "known_at": "paid_at"}
    shown = shop.rows("paid_at, _known_at", **known)
    # As clocks in Berlin showed it, and in UTC.
    assert shown == [(datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 8))]
