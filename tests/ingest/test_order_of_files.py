"""In which order files count: by delivery, whatever was landed when, and how often."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from ingest import ledger
from ingest.ledger import open_rejects
from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import REQUIRED, SALES, TYPES, Shop, columns, text

A, B = text(["1,1.00,a"]), text(["1,1.00,b"])
BEFORE = replace(REQUIRED, max_rejects=0.5)
# Of the two, the one that was mended.
MENDED = replace(BEFORE, columns=columns({**TYPES, "id": "varchar"}))
WITH_REJECT = {"a": text(["1,1.00,a", "x,1.00,y"]), "b": text(["1,1.00,b", "x,1.00,y"])}


def newest(shop: Shop, table=SALES, **changes) -> str:
    """Return what the row of key 1 says."""
    shop.show(table, **changes)
    ((note,),) = shop.query(
        "select max_by(note, (_file_number, _row_number)) from raw_shop.sales "
        "where id::varchar = '1'"
    )
    return note


@pytest.mark.parametrize("delivery", ["append", "upsert"])
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("day", ["", "_2026-01-01"])
def test_a_file_landed_again_keeps_its_place(shop, day, at_once, delivery):
    """Also among those of its own moment."""
    shop.export(f"sales{day}_1.csv", WITH_REJECT["a"])
    if not at_once:
        shop.land(BEFORE, delivery=delivery)
    shop.export(f"sales{day}_2.csv", B)
    shop.land(BEFORE, delivery=delivery)
    (load,) = shop.land(MENDED, delivery=delivery)
    assert [file.path for file in load.files] == [f"shop/sales{day}_1.csv"]
    assert newest(shop, MENDED, delivery=delivery) == "b"


@pytest.mark.parametrize("gone", [1, 3])
def test_equal_content_of_two_dates_is_landed_again_for_its_own(shop, gone):
    upsert = {"delivery": "upsert"}
    paths = {
        day: shop.export(f"sales_2026-01-0{day}.csv", content)
        for day, content in enumerate([WITH_REJECT["a"], B, WITH_REJECT["a"]], start=1)
    }
    shop.land(BEFORE, **upsert)
    paths[gone].unlink()
    shop.land(MENDED, **upsert)
    assert newest(shop, MENDED, **upsert) == "a"
    days = "select distinct _delivered_at from raw_shop.sales order by all"
    assert shop.query(days) == [(datetime(2026, 1, day),) for day in (1, 2, 3)]
    # What was refused of the last one is not in: what came again is older.
    still_open = [file.path for _, file in open_rejects(shop.loads(), "UTC")]
    assert still_open == (["shop/sales_2026-01-03.csv"] if gone == 3 else [])


@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
def test_what_repeats_a_delivery_does_not_take_its_place(shop, delivery):
    """It came later; but what was refused of the one before it is in with it."""
    shop.export("sales_2026-01-01.csv", WITH_REJECT["a"])
    path = shop.export("sales_2026-01-02.csv", WITH_REJECT["b"])
    shop.land(BEFORE, delivery=delivery)
    shop.export("sales_2026-01-03.csv", WITH_REJECT["b"])
    assert shop.land(BEFORE, delivery=delivery) == []
    path.unlink()
    loads = shop.land(MENDED, delivery=delivery)
    assert {f.path: load.repeats for load in loads for f in load.files} == {
        "shop/sales_2026-01-01.csv": 1,
        "shop/sales_2026-01-03.csv": None,
    }
    shop.show(MENDED, delivery=delivery)
    days = "select distinct _delivered_at from raw_shop.sales order by all"
    assert shop.query(days) == [(datetime(2026, 1, day),) for day in (1, 2, 3)]
    assert open_rejects(shop.loads(), "UTC") == []
    assert shop.land(MENDED, delivery=delivery) == []


@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
def test_what_repeats_a_delivery_that_is_landed_again_is_not_landed(shop, delivery):
    for day in (1, 2):
        shop.export(f"sales_2026-01-0{day}.csv", WITH_REJECT["a"])
        shop.land(BEFORE, delivery=delivery)
    (load,) = shop.land(MENDED, delivery=delivery)
    assert [file.path for file in load.files] == ["shop/sales_2026-01-01.csv"]
    assert open_rejects(shop.loads(), "UTC") == []


@pytest.mark.parametrize("names", ["AB", ("01", "1"), ("9", "10")])
@pytest.mark.parametrize("came", [1, -1])
def test_files_of_one_date_are_in_the_order_of_their_names(shop, names, came):
    """Of names that sort alike, too, whichever came first."""
    for name in names[::came]:
        shop.export(f"sales_{name}_2026-01-01.csv", text([f"1,1.00,{name}"]))
        shop.land(delivery="upsert")
    assert newest(shop, delivery="upsert") == names[-1]


def test_files_of_one_name_in_two_folders_are_two(shop):
    """The second said what the first did, until a late one came in between."""
    changes = {"delivery": "upsert", "export": "shop/*/sales*"}
    for folder in ("north", "south"):
        (shop.folder / folder).mkdir()
        path = shop.export(f"{folder}/sales_2026-01-01.csv", A)
    shop.land(**changes)
    path.unlink()
    shop.export("north/sales_2026-01-01_late.csv", B)
    shop.land(**changes)
    assert newest(shop, **changes) == "a"


def test_a_file_that_was_moved_is_none_that_came_after_those_of_its_folder(shop):
    changes = {"delivery": "upsert", "export": "shop/*/sales*"}
    for folder in ("north", "south"):
        (shop.folder / folder).mkdir()
    path = shop.export("north/sales_2026-01-01.csv", A)
    shop.land(**changes)
    path.rename(shop.folder / "south" / path.name)
    assert shop.land(**changes) == []
    shop.export("north/sales_2026-01-01_late.csv", B)
    shop.land(**changes)
    assert newest(shop, **changes) == "b"


def test_of_one_name_the_last_one_counts(shop):
    for note in "abc":
        shop.export("sales_2026-01-01.csv", text([f"1,1.00,{note}"]))
        shop.land(delivery="upsert")
    assert newest(shop, delivery="upsert") == "c"


@pytest.mark.parametrize("days", [*permutations([1, 2, 3])])
def test_events_that_come_twice_count_from_the_first_date_on(shop, days):
    for day in days:
        shop.export(f"sales_2026-01-0{day}.csv", {1: A, 2: B, 3: A}[day])
        shop.land()
    assert shop.land() == []
    assert newest(shop) == "b"
    shown = "select note, _delivered_at from raw_shop.sales order by all"
    assert shop.query(shown) == [
        ("a", datetime(2026, 1, 1)),
        ("b", datetime(2026, 1, 2)),
    ]


@pytest.mark.parametrize(
    "names",
    [("_2026-01-01", "_2026-01-02"), ("_2026-01-01", "_2026-01-01_b"), ("", "_b")],
)
@pytest.mark.parametrize("again", ["_2026-01-03", "_2026-01-01_c", "_c"])
def test_events_landed_again_from_a_later_file_keep_their_place(shop, names, again):
    """Their first file is gone, and a copy of it has come under another name."""
    for name, content in zip(names, (WITH_REJECT["a"], B), strict=True):
        path = shop.export(f"sales{name}.csv", content)
        shop.land(BEFORE)
        path.unlink()
    shop.export(f"sales{again}.csv", WITH_REJECT["a"])
    shop.show(BEFORE)
    shown = """select distinct note, _delivered_at from raw_shop.sales
        where note in ('a', 'b')"""
    before = sorted(shop.query(shown))
    (load,) = shop.land(MENDED)
    assert load.repeats == 1
    assert newest(shop, MENDED) == "b"
    assert sorted(shop.query(shown)) == before
    assert shop.land(MENDED) == []


def test_events_that_are_landed_are_not_another_file_that_was_mended(shop):
    """Although they have all its keys, and stand under its name now."""
    shop.export("sales_1.csv", WITH_REJECT["a"])
    shop.export("sales_2.csv", text(["1,1.00,c", "2,1.00,c"]))
    shop.land(BEFORE)
    shop.export("sales_1.csv", text(["1,1.00,c", "2,1.00,c"]))
    assert shop.land(MENDED) == []
    shop.show(MENDED)
    assert shop.query("select count(*) from raw_shop.sales") == [(3,)]


@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
def test_what_came_unchanged_with_a_broken_file_is_not_forgotten(shop, delivery):
    shop.export("sales_2026-01-01.csv", A)
    shop.land(delivery=delivery)
    unchanged = shop.export("sales_2026-01-03.csv", A)
    broken = shop.export("sales_2026-01-04.csv", "no,header\n")
    with pytest.raises(RefusedDeliveryError):
        shop.land(delivery=delivery)
    unchanged.unlink()
    broken.unlink()
    shop.export("sales_2026-01-02.csv", B)
    shop.land(delivery=delivery)
    assert newest(shop, delivery=delivery) == "a"


def test_a_snapshot_that_is_back_is_the_newest_under_a_mended_contract_too(shop):
    for name, content in (("a", WITH_REJECT["a"]), ("b", B)):
        path = shop.export(f"sales_{name}.csv", content)
        shop.land(BEFORE, delivery="snapshot")
        path.unlink()
    shop.export("sales_a.csv", WITH_REJECT["a"])
    (load,) = shop.land(MENDED, delivery="snapshot")
    assert load.repeats is None
    assert newest(shop, MENDED, delivery="snapshot") == "a"


def test_a_clock_that_was_set_back_does_not_change_the_order(shop, monkeypatch):
    moment = datetime(2026, 1, 1)
    for hours, note in ((0, "x"), (3, "a"), (1, "b"), (2, "c")):
        monkeypatch.setattr(ledger, "now", lambda h=hours: moment + timedelta(hours=h))
        shop.export("sales.csv", text([f"1,1.00,{note}"]))
        shop.land(delivery="upsert")
        assert newest(shop, delivery="upsert") == note
