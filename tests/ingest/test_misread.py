"""What an earlier contract read otherwise, without refusing any of it, is said."""

import json
import shutil
from dataclasses import replace
from decimal import Decimal

import pytest

from ingest.contracts import Column, Table
from ingest.contracts.formats import Format
from ingest.ledger import RECORD
from ingest.misread import landed_inside, misread
from tests.ingest.shop import LENIENT, SALES, Shop

GERMAN = Format(decimal=",", thousands=".")


def table(
    type_: str, pattern: str | None = None, written: Format = SALES.format
) -> Table:
    extra = Column("extra", type_, False, None, pattern)
    return replace(SALES, columns=(*SALES.columns[:2], extra), format=written)


@pytest.mark.parametrize(
    ("then", "now", "text", "values"),
    [
        (
            "decimal(12, 2)",
            ("decimal(12, 2)", None, GERMAN),
            "1.000",
            ("1.00", "1000.00"),
        ),
        (
            ("double", None, GERMAN),
            ("double", None, Format(decimal=",")),
            None,
            None,
        ),
        (("bigint", None, GERMAN), "bigint", "1.000", ("1000", "1")),
        ("bigint", "varchar", "0007", ("7", "0007")),
        (
            ("date", "%d/%m/%Y"),
            ("date", "%m/%d/%Y"),
            "03/02/2001",
            ("2001-02-03", "2001-03-02"),
        ),
        (
            ("date", "%d.%m.%Y"),
            "varchar",
            "03.02.2001",
            ("2001-02-03", "03.02.2001"),
        ),
        (
            "date",
            ("date", "%Y-%d-%m"),
            "2001-02-03",
            ("2001-02-03", "2001-03-02"),
        ),
        (("boolean", "a/b"), ("boolean", "b/a"), "a", ("True", "False")),
        ("bigint", ("bigint", None, Format(nulls=("-1",))), "-1", ("-1", "nothing")),
        (("bigint", None, Format(nulls=("0",))), "bigint", "0", ("nothing", "0")),
        (("varchar", None, Format(nulls=("x",))), "varchar", "x", ("nothing", "x")),
        # What was taken then would be refused now, or was refused then.
        (("bigint", None, Format(nulls=("-",))), "bigint", None, None),
        ("date", ("date", "%d.%m.%Y"), None, None),
        (("date", "%d.%m.%Y"), ("date", "%d.%m.%Y %H:%M"), None, None),
        (
            "decimal(12, 2)",
            ("decimal(12, 2)", None, Format(symbols=("€",))),
            None,
            None,
        ),
        ("decimal(12, 2)", ("decimal(12, 2)", None, Format(thousands=",")), None, None),
        # What is the same value.
        ("decimal(12, 2)", "decimal(14, 4)", None, None),
        ("bigint", "decimal(12, 2)", None, None),
        ("date", "timestamp", None, None),
        ("date", "varchar", None, None),
        # What was landed as text is read as it is now.
        ("varchar", ("decimal(12, 2)", None, GERMAN), None, None),
        ("varchar", ("varchar", None, Format(nulls=("x",))), None, None),
    ],
)
def test_a_column_is_misread_where_a_text_means_another_value(
    shop, then, now, text, values
):
    then, now = (table(*([x] if isinstance(x, str) else x)) for x in (then, now))
    shop.export("sales.csv", "id,amount,extra\n1,1,\n")
    shop.land(then)
    assert list(misread(then, shop.loads())) == []
    found = [x for x in misread(now, shop.loads()) if x.column_name == "extra"]
    assert [(x.load_id, x.text, (x.then, x.now)) for x in found] == (
        [(1, text, values)] if text else []
    )


@pytest.mark.parametrize(("name", "was"), [("zip", ("extra",)), ("Extra", None)])
def test_a_column_that_was_renamed_is_misread_like_another(shop, name, was):
    shop.export("sales.csv", "id,amount,extra\n1,1,\n")
    shop.land(table("bigint"))
    renamed = Column(name, "varchar", False, None, was=was)
    now = replace(SALES, columns=(*SALES.columns[:2], renamed))
    assert [x.column_name for x in misread(now, shop.loads())] == [name]


def test_of_a_column_and_an_earlier_name_of_it_the_column_is_misread(shop):
    shop.export("sales.csv", "id,amount,extra,zip\n1,1,2001-02-03,7\n")
    zip_ = Column("zip", "bigint", False, None)
    both = table("date")
    shop.land(replace(both, columns=(*both.columns, zip_)))
    renamed = replace(zip_, data_type="varchar", was=("extra",))
    now = replace(SALES, columns=(*SALES.columns[:2], renamed))
    (found,) = misread(now, shop.loads())
    assert (found.text, found.then, found.now) == ("0007", "7", "0007")
    assert shop.rows("zip", now) == [("7",)]


def test_harmless_changes_are_not_said(shop):
    shop.export("sales.csv", "id,amount,note\n1,1,a\n")
    shop.land()
    points = Column("points", "date", False, None, "%d.%m.%Y")
    required = replace(SALES.columns[2], required=True)
    changed = replace(
        SALES, columns=(*SALES.columns[:2], required, points), description="Else."
    )
    assert list(misread(changed, shop.loads())) == []


def test_misread_values_are_said_until_they_are_landed_again(shop):
    header = "id;amount;note\n"
    written = replace(SALES, format=Format(delimiter=";"), key=())
    for number in (1, 2):
        shop.export(f"sales_{number}.csv", f"{header}{number};1.000;a\n")
        shop.land(written)
    mended = replace(written, format=replace(GERMAN, delimiter=";"))
    shop.export("sales_3.csv", f"{header}3;1.000;a\n")
    shop.land(mended)
    found = misread(mended, shop.loads())
    assert {x.column_name: x.load_id for x in found} == {"amount": 2, "id": 2}
    assert shop.rows("amount", mended) == [(1,), (1,), (Decimal(1000),)]
    for load in shop.loads()[:2]:
        shutil.rmtree(load.folder(shop.deployment.raw))
    shop.land(mended)
    assert list(misread(mended, shop.loads())) == []
    assert shop.rows("amount", mended) == [(Decimal(1000),)] * 3


def test_a_load_that_is_not_shown_is_not_said(shop):
    rows = "".join(f"{n},1.000,a\n" for n in range(1, 100))
    shop.export("sales.csv", f"id,amount,note\n{rows}x,1,b\n")
    shop.land(**LENIENT)
    mended = replace(SALES, format=GERMAN, **LENIENT)
    assert list(misread(mended, shop.loads()))
    shop.land(mended)
    assert list(misread(mended, shop.loads())) == []


def test_of_a_load_of_an_older_version_nothing_is_said(shop: Shop):
    shop.export("sales.csv", "id,amount,note\n1,1.000,a\n")
    (load,) = shop.land()
    record = load.folder(shop.deployment.raw) / RECORD
    before, _, _ = record.read_text().rpartition(',\n "reading"')
    record.write_text(before + "\n}")
    assert shop.loads()[0].reading is None
    assert list(misread(replace(SALES, format=GERMAN), shop.loads())) == []


@pytest.mark.parametrize("key", ["nulls", "timezone"])
def test_what_a_load_of_an_older_version_does_not_tell_is_as_now(shop: Shop, key):
    shop.export("sales.csv", "id,amount,note\n1,1.000,a\n")
    (load,) = shop.land()
    record = load.folder(shop.deployment.raw) / RECORD
    facts = json.loads(record.read_text())
    del facts["reading"][key]
    record.write_text(json.dumps(facts))
    assert list(misread(SALES, shop.loads())) == []
    assert list(misread(replace(SALES, format=GERMAN), shop.loads()))


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        ("timestamp", ("2001-02-03 05:05:06", "2001-02-03 04:05:06")),
        ("date", None),
        ("bigint", None),
    ],
)
def test_another_zone_is_another_moment(shop, type_, found):
    """What has an offset was landed as what clocks showed in the zone of then."""
    shop.export("sales.csv", "id,amount,extra\n1,1.00,\n")
    shop.land(table(type_), timezone="Europe/Berlin")
    (again,) = [*misread(table(type_), shop.loads())] or [None]
    assert (again and again[3:]) == found
    assert not [*misread(replace(table(type_), timezone="Europe/Berlin"), shop.loads())]


def test_a_field_that_landed_inside_another_column_is_said(shop):
    """Up to the last load that did not know it, until that is landed anew."""
    record = '{"id": 1, "amount": 1, "by": {"name": "Ann", "home": {"city": "Bonn"}}}\n'
    shop.export("sales_1.jsonl", record)
    name = Column("by.name", "varchar", False, None)
    first = replace(SALES, columns=(*SALES.columns[:2], name))
    shop.land(first)
    assert list(landed_inside(first, shop.loads())) == []
    city = Column("by.home.city", "varchar", False, None)
    note = Column("note", "varchar", False, None, optional=True)
    now = replace(SALES, columns=(*first.columns, city, note))
    shop.export("sales_2.jsonl", record.replace("1", "2"))
    shop.land(now)
    assert shop.rows('"by.home.city"', now) == [(None,), ("Bonn",)]
    assert list(landed_inside(now, shop.loads())) == [("by.home.city", "by", 1)]
    shutil.rmtree(shop.loads()[0].folder(shop.deployment.raw))
    shop.land(now)
    assert list(landed_inside(now, shop.loads())) == []
    assert shop.rows('"by.home.city"', now) == [("Bonn",)] * 2
