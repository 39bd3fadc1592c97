"""From where on a table with a cursor is read."""

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from ingest.elsewhere.cursors import first_to_read
from tests.ingest.elsewhere.till import BY_ID, BY_TIME
from tests.ingest.shop import SALES, columns


def test_only_what_is_new_by_time_is_read(till):
    till.sell(1, changed_at="2026-03-01 12:00:00")
    till.sell(2, changed_at="2026-03-05 12:00:00")
    assert till.fetch(BY_TIME).since is None
    till.land(BY_TIME)
    till.sell(3, changed_at="2026-03-05 12:00:01")
    till.sell(4, changed_at="2026-03-04 12:00:00")
    done = till.fetch(BY_TIME)
    assert (done.since, done.is_new) == (datetime(2026, 3, 4, 12), True)
    assert till.ids(BY_TIME) == [2, 3, 4]


def test_only_what_is_new_by_number_is_read(till):
    till.sell(*range(1, 6))
    till.fetch(BY_ID)
    till.land(BY_ID)
    till.sell(6)
    assert till.fetch(BY_ID).since == 3
    assert till.ids(BY_ID) == [3, 4, 5, 6]


def test_a_change_within_the_overlap_is_new(till):
    till.sell(1, 2)
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.run("update sales set note = 'changed' where id = 1")
    assert till.fetch(BY_TIME).is_new
    assert till.land(BY_TIME) == 1
    # Once more, there is nothing new.
    assert not till.fetch(BY_TIME).is_new


def test_what_was_fetched_and_not_landed_is_read_again(till):
    till.sell(1, changed_at="2026-03-01 12:00:00")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(2, changed_at="2026-03-05 12:00:00")
    till.fetch(BY_TIME)
    till.sell(3, changed_at="2026-03-09 12:00:00")
    till.fetch(BY_TIME)
    assert till.ids(BY_TIME) == [1, 2, 3]


def test_a_build_that_was_deleted_loses_nothing(till):
    till.sell(1)
    till.fetch(BY_ID)
    till.land(BY_ID)
    shutil.rmtree(till.deployment.build)
    till.sell(2)
    assert till.fetch(BY_ID).since == -1
    assert till.ids(BY_ID) == [1, 2]


def test_rows_without_a_cursor_are_always_read(till):
    till.sell(1)
    till.run("insert into sales values (2, 1, 'x', null)")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(3, changed_at="2026-09-01 12:00:00")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(4, changed_at="2026-09-02 12:00:00")
    till.fetch(BY_TIME)
    assert till.ids(BY_TIME) == [2, 3, 4]


def test_a_time_that_is_not_due_hides_nothing(till):
    till.sell(1, changed_at="2026-03-01 12:00:00")
    till.sell(2, changed_at="9999-12-31 00:00:00")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(3, changed_at="2026-03-02 12:00:00")
    assert till.fetch(BY_TIME).since == datetime(2026, 2, 28, 12)
    assert till.ids(BY_TIME) == [1, 2, 3]


@pytest.mark.parametrize(
    ("type_", "overlap", "value", "since"),
    [
        ("date", timedelta(days=2), "2026-03-03", date(2026, 3, 1)),
        ("date", timedelta(days=2), "0001-01-01", None),
        ("timestamp", timedelta(days=2), "2026-03-03", datetime(2026, 3, 1)),
        ("integer", 5, "7", 2),
        ("bigint", 0, "7", 7),
    ],
)
def test_reading_begins_below_what_is_landed(shop, type_, overlap, value, since):
    table = replace(
        SALES,
        columns=columns({"id": "bigint", "amount": "double", "version": type_}),
        cursor="version",
        overlap=overlap,
    )
    assert first_to_read(shop.deployment, table) is None
    shop.export("sales.csv", f"id,amount,version\n1,1,{value}\n2,1,\n")
    shop.land(table)
    assert first_to_read(shop.deployment, table) == since


def test_a_cursor_that_was_not_landed_yet_reads_everything(shop):
    shop.export("sales.csv", "id,amount,note\n1,1,a\n")
    shop.land()
    assert first_to_read(shop.deployment, BY_TIME) is None


def test_rows_that_an_earlier_contract_refused_are_read_again_once(till):
    lenient = replace(BY_ID, max_rejects=0.5)
    narrow = replace(
        lenient, columns=(*BY_ID.columns[:2], *columns({"note": "integer"}))
    )
    till.sell(*range(1, 9))
    till.run("update sales set note = 7 where id <> 3")
    till.fetch(narrow)
    till.land(narrow)
    assert [load.rows_rejected for load in till.shop.loads()] == [1]
    till.sell(9)
    till.run("update sales set note = 7 where id = 9")
    assert till.fetch(narrow).since == 6
    # Mended, it begins where the refused row was read.
    assert till.fetch(lenient).since is None
    till.land(lenient)
    assert 3 in [id_ for (id_,) in till.shop.rows("id", lenient)]
    assert till.fetch(lenient).since == 7
