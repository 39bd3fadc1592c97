"""What a snapshot does not have is deleted, unless it is too much to be believed."""

import pytest

from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import GOOD, REQUIRED, text


def marks(shop, *accepted, **changes):
    """Return what is known of each delivery, by its place."""
    shop.deployment.params["accepted_snapshots"] = accepted
    shop.show(delivery="snapshot", **changes)
    return shop.query(
        "select rows_before, rows_missing, is_whole from ops.loads order by load_id"
    )


def deliver(shop, *counts):
    """Deliver snapshots of the first so many rows each."""
    for count in counts:
        shop.export("sales.csv", text(GOOD[:count]))
        shop.land(delivery="snapshot")


def test_half_of_the_rows_may_go(shop):
    deliver(shop, 100, 50)
    assert marks(shop) == [(0, 0, True), (100, 50, True)]


def test_more_may_not(shop):
    deliver(shop, 100, 49)
    assert marks(shop) == [(0, 0, True), (100, 51, False)]


@pytest.mark.parametrize(
    ("share", "is_whole"), [(0, False), (0.09, False), (0.1, True), (1, True)]
)
def test_the_contract_says_how_many(shop, share, is_whole):
    deliver(shop, 100, 90)
    assert marks(shop, max_deletions=share)[-1] == (100, 10, is_whole)


def test_a_second_one_that_is_cut_off_is_not_believed_either(shop):
    deliver(shop, 100, 20, 19)
    assert marks(shop)[1:] == [(100, 80, False), (100, 81, False)]


def test_rows_that_came_since_count_too(shop):
    deliver(shop, 10, 1)
    shop.export("sales.csv", text(GOOD[20:23]))
    shop.land(delivery="snapshot")
    deliver(shop, 4)
    assert marks(shop)[1:] == [(10, 9, False), (10, 10, False), (13, 9, False)]


def test_the_whole_table_again_is_whole(shop):
    deliver(shop, 100, 20, 110, 60)
    assert marks(shop)[2:] == [(100, 0, True), (110, 50, True)]


def test_other_rows_are_no_rows_that_stay(shop):
    deliver(shop, 50)
    shop.export("sales.csv", text(GOOD[50:100]))
    shop.land(delivery="snapshot")
    assert marks(shop)[-1] == (50, 50, False)


def test_nothing_at_all_is_cut_off(shop):
    deliver(shop, 3, 0)
    assert marks(shop)[-1] == (3, 3, False)
    assert marks(shop, max_deletions=1)[-1] == (3, 3, True)


def test_a_person_may_say_that_it_is_right(shop):
    deliver(shop, 100, 20, 19)
    assert marks(shop, 2) == [(0, 0, True), (100, 80, True), (20, 1, True)]


def test_a_refused_row_is_no_row_that_is_gone(shop):
    for rows in (GOOD[:100], [",5.00,x", *GOOD[1:100]]):
        shop.export("sales.csv", text(rows))
        shop.land(REQUIRED, delivery="snapshot")
    assert marks(shop)[-1] == (100, 1, False)


def test_other_tables_are_not_marked(shop):
    shop.export("sales.csv", text(GOOD))
    shop.land()
    shop.show()
    assert shop.query("select rows_before, is_whole from ops.loads") == [(None, None)]


JANUARY = text(["1,1.00,secret", "2,2.00,b", "3,3.00,c"])
FEBRUARY = text(["1,1.00,changed", "2,2.00,b"])


@pytest.mark.parametrize(
    "names",
    [
        ("sales_31.01.2026.csv", "sales_28.02.2026.csv"),
        ("sales_31-01-2026.csv", "sales_28-02-2026.csv"),
        ("sales_2026_01_31.csv", "sales_2026_02_28.csv"),
        ("sales_2026.01.31.csv", "sales_2026.02.28.csv"),
        ("sales_20260131_180000.csv", "sales_20260131_190000.csv"),
    ],
)
def test_snapshots_that_say_when_are_deliveries_of_their_own(shop, names):
    for name, content in zip(names, (JANUARY, FEBRUARY), strict=True):
        shop.export(name, content)
    assert len(shop.land(delivery="snapshot")) == 2
    assert marks(shop) == [(0, 0, True), (3, 1, True)]


@pytest.mark.parametrize(
    "names",
    [
        ("sales_31012026.csv", "sales_28022026.csv"),
        ("sales_2026-01.csv", "sales_2026-02.csv"),
        ("sales_01-31-2026.csv", "sales_02-28-2026.csv"),
        ("sales_2026-01-01.csv", "sales_2026-01-01 (1).csv"),
        # What is read apart is compared, too.
        ("sales_jan.csv", "sales_feb.parquet"),
    ],
)
def test_deliveries_that_do_not_say_when_are_not_taken_for_parts(shop, names):
    shop.export(names[0], JANUARY)
    if names[1].endswith("parquet"):
        shop.export_parquet(names[1], "select 1 as id, 1.5 as amount, 'x' as note")
    else:
        shop.export(names[1], FEBRUARY)
    with pytest.raises(RefusedDeliveryError, match="look like two deliveries") as told:
        shop.land(delivery="snapshot")
    assert all(f"exports/shop/{name}" in str(told.value) for name in names)
    assert "the same id as" in str(told.value)
    assert "secret" not in str(told.value)
    assert shop.loads() == []


@pytest.mark.parametrize("rows", [(1, 3), (3, 1)])
def test_nor_where_the_later_one_lacks_rows_only(shop, rows):
    for month, count in enumerate(rows, start=1):
        lines = [f"{n},1.00,the same" for n in range(count)]
        shop.export(f"sales_2026-{month:02}.csv", text(lines))
    with pytest.raises(RefusedDeliveryError, match="look like two deliveries") as told:
        shop.land(delivery="snapshot")
    assert "sales_2026-01.csv: by id, most rows of it or of" in str(told.value)


def test_a_part_may_come_twice(shop):
    for name in ("sales_1.csv", "sales_1 (1).csv"):
        shop.export(name, text(["1,1.00,", "2,2.00,b"]))
    assert len(shop.land(delivery="snapshot")) == 1


def test_parts_may_overlap_where_they_agree(shop):
    shop.export("sales_1.csv", text(["1,1.00,", "2,2.00,b", "2,2.50,b"]))
    shop.export("sales_2.csv", text(["2,2.50,b", "2,2.00,b", "3,3.00,c"]))
    (load,) = shop.land(delivery="snapshot")
    assert load.rows_loaded == 6


@pytest.mark.parametrize(("day", "lands"), [("", False), ("_2026-01-01", True)])
def test_in_parts_of_one_day_a_column_may_say_which_row_is_newer(shop, day, lands):
    shop.export(f"sales_north{day}.csv", JANUARY)
    shop.export(f"sales_south{day}.csv", FEBRUARY)
    if lands:
        assert len(shop.land(delivery="snapshot", version_by="note")) == 1
    else:
        with pytest.raises(RefusedDeliveryError):
            shop.land(delivery="snapshot", version_by="note")
