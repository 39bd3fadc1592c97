"""What a snapshot does not have is deleted, unless it is too much to be believed."""

import pytest

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
