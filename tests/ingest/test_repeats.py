"""Files landed again: mended, or under a contract that was mended."""

from dataclasses import replace

import pytest

from dbt_models import WarehouseError
from ingest.ledger import files_shown, open_rejects
from tests.ingest.shop import GOOD, REQUIRED, SALES, TYPES, columns, text


def rows_shown(shop):
    return sum(file.rows_loaded for file in files_shown(shop.loads()))


def test_a_mended_file_brings_its_rows_in(shop):
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED)
    shop.export("sales.csv", text([*GOOD, "200,1.00,y"]))
    (load,) = shop.land(REQUIRED)
    assert (load.rows_loaded, load.rows_rejected) == (200, 0)
    shop.show(REQUIRED)
    assert shop.query("select load_id, is_open from ops.rejects") == [(1, False)]


@pytest.mark.parametrize("delivery", ["append", "upsert", "snapshot"])
def test_a_mended_contract_brings_the_rows_in(shop, delivery):
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    (first,) = shop.land(REQUIRED, delivery=delivery)
    assert shop.land(REQUIRED, delivery=delivery) == [], "nothing has changed yet"
    mended = replace(
        SALES,
        delivery=delivery,
        columns=columns(
            {"id": "varchar", "amount": "decimal(12, 2)", "note": "varchar"}
        ),
    )
    (load,) = shop.land(mended)
    assert (load.rows_loaded, load.rows_rejected) == (200, 0)
    assert load.is_backfill, "the same delivery: known from when it was"
    assert load.delivered_at == first.delivered_at < load.loaded_at
    assert shop.land(mended) == []


@pytest.mark.parametrize("key", [("id",), ()])
def test_a_file_landed_again_takes_the_place_of_its_first_landing(shop, key):
    """What was read as 7 is 0007 now; they are one row, not two."""
    rows = [f"{n:04},{n}.50,x" for n in range(1, 150)]
    shop.export("sales.csv", text([*rows, "POST,1.00,x"]))
    shop.land(REQUIRED, key=key)
    mended = replace(
        REQUIRED,
        key=key,
        columns=columns(
            {"id": "varchar", "amount": "decimal(12, 2)", "note": "varchar"}
        ),
    )
    shop.land(mended)
    ids = [id_ for (id_,) in shop.rows("id", mended)]
    assert ids == [f"{n:04}" for n in range(1, 150)] + ["POST"]
    ((landed,),) = shop.query(
        "select sum(control_amount) from ops.load_files where not is_repeated"
    )
    assert [(landed,)] == shop.query("select sum(amount) from raw_shop.sales")


@pytest.mark.parametrize("how", ["moved", "copied", "mended"])
def test_no_row_counts_twice_whatever_became_of_the_file(shop, how):
    """What was read as 7 is 0007 now, and its file was touched meanwhile."""
    rows = [*(f"{n:04},1.50,x" for n in range(1, 150)), "POST,1.00,x"]
    path = shop.export("sales.csv", text(rows))
    shop.land(REQUIRED)
    if how == "moved":
        path.rename(path.with_name("sales_archived.csv"))
    elif how == "copied":
        shop.export("sales 0 copy.csv", text(rows))
    else:
        rows += ["9999,1.50,x"]
        shop.export("sales.csv", text(rows))
    mended = replace(
        REQUIRED,
        columns=columns(
            {"id": "varchar", "amount": "decimal(12, 2)", "note": "varchar"}
        ),
    )
    shop.land(mended)
    assert len(shop.rows("id", mended)) == len(rows)
    assert rows_shown(shop) == len(rows)
    assert open_rejects(shop.loads(), "UTC") == []
    assert shop.land(mended) == []


def test_only_the_files_that_were_landed_again_are_replaced(shop):
    shop.export("sales_1.csv", text(GOOD))
    shop.export("sales_2.csv", text(["500,1.00,y", *GOOD[5:], "x1,1.00,y"]))
    shop.land(REQUIRED)
    mended = replace(REQUIRED, columns=columns({**TYPES, "id": "varchar"}))
    shop.land(mended)
    assert rows_shown(shop) == len(GOOD) + len(GOOD) - 3


def test_a_repeat_that_does_not_say_of_what_is_not_shown_beside_it(shop):
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED)
    (load,) = shop.land(replace(REQUIRED, columns=columns({**TYPES, "id": "varchar"})))
    record = load.folder(shop.deployment.raw) / "_load.json"
    record.write_text(record.read_text().replace('"stands_for"', '"instead"'))
    with pytest.raises(WarehouseError, match="lost or damaged .*'stands_for'"):
        shop.loads()


def test_rows_landed_before_the_contract_was_narrowed_are_said(shop):
    shop.export("sales.csv", text(["1,1.00,secret", "2,1.00,7"]))
    shop.land()
    narrowed = replace(
        SALES,
        columns=columns(
            {"id": "bigint", "amount": "decimal(12, 2)", "note": "integer"}
        ),
    )
    with pytest.raises(WarehouseError, match="column note: 1 rows") as caught:
        shop.show(narrowed)
    assert "secret" not in str(caught.value)


def test_a_contract_mended_in_vain_is_tried_once(shop):
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED)
    mended = replace(
        REQUIRED,
        columns=columns(
            {"id": "bigint", "amount": "decimal(14, 2)", "note": "varchar"}
        ),
    )
    (load,) = shop.land(mended)
    assert load.rows_rejected == 1
    assert shop.land(mended) == []


def test_files_without_rejects_are_not_landed_again(shop):
    shop.export("sales_1.csv", text(GOOD))
    shop.land(REQUIRED)
    shop.export("sales_2.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED)
    shop.export("sales_3.csv", text(["1,9.00,new"]))
    mended = replace(
        REQUIRED,
        columns=columns(
            {"id": "varchar", "amount": "decimal(12, 2)", "note": "varchar"}
        ),
    )
    again, new = shop.land(mended)
    assert [file.path for file in again.files] == ["shop/sales_2.csv"]
    assert [file.path for file in new.files] == ["shop/sales_3.csv"]
    assert again.delivered_at < new.delivered_at


def test_a_change_landed_again_does_not_undo_a_later_one(shop):
    """The rows of a repeated load stand where its first try stood."""
    upsert = {"delivery": "upsert"}
    shop.export("sales_1.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED, **upsert)
    shop.export("sales_2.csv", text(["1,9.00,later"]))
    shop.land(REQUIRED, **upsert)
    mended = replace(
        REQUIRED,
        **upsert,
        columns=columns(
            {"id": "varchar", "amount": "decimal(12, 2)", "note": "varchar"}
        ),
    )
    assert len(shop.land(mended)) == 1
    shop.show(mended)
    newest = """select note from raw_shop.sales where id = '1'
        order by _file_number desc limit 1"""
    assert shop.query(newest) == [("later",)]


def test_a_later_snapshot_closes_what_an_earlier_one_left_open(shop):
    snapshot = {"delivery": "snapshot"}
    shop.export("sales_2026-01-01.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED, **snapshot)
    assert len(open_rejects(shop.loads(), "UTC")) == 1
    shop.export("sales_2026-01-02.csv", text([*GOOD, "200,1.00,y"]))
    shop.land(REQUIRED, **snapshot)
    assert open_rejects(shop.loads(), "UTC") == []


TEXT_IDS = replace(REQUIRED, columns=columns({**TYPES, "id": "varchar"}))


def test_a_snapshot_of_which_a_part_is_gone_is_not_landed_again(shop):
    """It would say that the rows of that part are gone, too."""
    shop.export("sales_2026-01-01_1.csv", text([*GOOD[:100], "x1,1.00,y"]))
    path = shop.export("sales_2026-01-01_2.csv", text(GOOD[100:]))
    shop.land(REQUIRED, delivery="snapshot")
    content = path.read_text()
    path.unlink()
    mended = replace(TEXT_IDS, delivery="snapshot")
    assert shop.land(mended) == []
    path.write_text(content)
    (load,) = shop.land(mended)
    assert (load.repeats, len(load.files)) == (1, 2)


@pytest.mark.parametrize("key", [("id",), ()])
def test_a_name_given_to_other_rows_takes_no_place(shop, key):
    """The contract was mended meanwhile, so that the file of yesterday would fit."""
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    (first,) = shop.land(REQUIRED, key=key)
    shop.export("sales.csv", text(["500,23.50,new"]))
    mended = replace(TEXT_IDS, key=key)
    (load,) = shop.land(mended)
    assert load.repeats is None
    assert load.delivered_at > first.delivered_at
    assert len(shop.rows("id", mended)) == len(GOOD) + 1
    assert [file.file_id for _, file in open_rejects(shop.loads(), "UTC")] == [1]
    assert shop.land(mended) == []


def test_refused_rows_of_a_name_that_was_reused_stay_open(shop):
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED)
    shop.export("sales.csv", text(["500,1.00,y", *GOOD[1:]]))
    shop.land(REQUIRED)
    assert len(open_rejects(shop.loads(), "UTC")) == 1
    shop.export("sales.csv", text(["501,1.00,y"]))
    shop.land(REQUIRED)
    assert len(open_rejects(shop.loads(), "UTC")) == 1


@pytest.mark.parametrize(
    ("later", "is_open"),
    [
        (["0300,1.00,y"], False),
        ([*GOOD[:5], "300,2.00,mended"], False),
        (["301,1.00,y"], True),
    ],
)
def test_a_refused_row_that_comes_in_elsewhere_is_closed(shop, later, is_open):
    shop.export("sales_1.csv", text([*GOOD, "300,one,y"]))
    shop.land(REQUIRED)
    shop.export("sales_2.csv", text(later))
    shop.land(REQUIRED)
    assert len(open_rejects(shop.loads(), "UTC")) == is_open


@pytest.mark.parametrize(
    ("delivery", "day", "still_open"),
    [("upsert", "01-31", 1), ("upsert", "02-02", 0), ("append", "01-31", 0)],
)
def test_an_older_version_of_a_refused_row_does_not_close_it(
    shop, delivery, day, still_open
):
    """It is the newest that is there, and what was refused is newer. Events are one."""
    said = {"delivery": delivery}
    shop.export("sales_2026-02-01.csv", text([*GOOD, "300,one,y"]))
    shop.land(REQUIRED, **said)
    shop.export(f"sales_2026-{day}.csv", text(["300,1.00,other"]))
    shop.land(REQUIRED, **said)
    assert len(open_rejects(shop.loads(), "UTC")) == still_open
    shop.export("sales_2026-02-03.csv", text(["300,2.00,newest"]))
    shop.land(REQUIRED, **said)
    assert open_rejects(shop.loads(), "UTC") == []


def test_what_is_newer_goes_by_the_files_and_not_by_their_load(shop):
    said = {"delivery": "upsert"}
    shop.export("sales_2026-01-02.csv", text([*GOOD, "300,one,y"]))
    shop.export("sales_2026-06-01.csv", text(["301,1.00,latest"]))
    shop.land(REQUIRED, **said)
    shop.export("sales_2026-01-01.csv", text(["300,1.00,older"]))
    shop.export("sales_2026-01-05.csv", text(["302,1.00,other"]))
    shop.land(REQUIRED, **said)
    assert len(open_rejects(shop.loads(), "UTC")) == 1
    shop.export("sales_2026-01-03.csv", text(["300,2.00,newer"]))
    shop.land(REQUIRED, **said)
    assert open_rejects(shop.loads(), "UTC") == []


@pytest.mark.parametrize(
    ("data_type", "format_", "key", "other"),
    [
        ("date", "%d.%m.%Y", "13.02.2026", "14.02.2026"),
        ("timestamp", "%d.%m.%Y %H:%M", "01.02.2026 10:15", "02.01.2026 10:15"),
        ("boolean", "ja/nein", "ja", "nein"),
        ("varchar", None, "13.02.2026", "14.02.2026"),
    ],
)
def test_a_refused_row_is_known_by_its_key_however_that_is_written(
    shop, data_type, format_, key, other
):
    first, *others = REQUIRED.columns
    first = replace(first, data_type=data_type, format=format_)
    table = {"columns": (first, *others), "max_rejects": 0.5}
    shop.export("sales_1.csv", text([f"{key},one,y", f"{other},1.00,y"]))
    shop.land(REQUIRED, **table)
    shop.export("sales_2.csv", text([f"{other},2.00,y"]))
    shop.land(REQUIRED, **table)
    assert len(open_rejects(shop.loads(), "UTC")) == 1
    shop.export("sales_3.csv", text([f"{key},1.00,y"]))
    shop.land(REQUIRED, **table)
    assert open_rejects(shop.loads(), "UTC") == []


def test_refused_rows_may_come_in_one_by_one(shop):
    shop.export("sales_1.csv", text([*GOOD, "300,one,y", "301,two,y"]))
    shop.land(REQUIRED)
    for number, still_open in ((301, 1), (300, 0)):
        shop.export(f"sales_{number}.csv", text([f"{number},1.00,y"]))
        shop.land(REQUIRED)
        assert len(open_rejects(shop.loads(), "UTC")) == still_open


def test_who_has_no_key_is_not_known_again(shop):
    shop.export("sales_1.csv", text([*GOOD, "300,1.00"]))
    shop.land(REQUIRED)
    shop.export("sales_2.csv", text(["300,1.00,y"]))
    shop.land(REQUIRED)
    assert len(open_rejects(shop.loads(), "UTC")) == 1


def test_rows_of_other_kinds_are_known_again_too(shop):
    wanted = replace(REQUIRED, columns=columns({**TYPES, "note": "integer"}))
    shop.export_parquet(
        "sales_1.parquet",
        "select range as id, 1.5 as amount, if(range = 7, 'x', '1') as note "
        "from range(100)",
    )
    shop.land(wanted)
    assert len(open_rejects(shop.loads(), "UTC")) == 1
    shop.export_parquet("sales_2.parquet", "select 7 as id, 1.5 as amount, 3 as note")
    shop.land(wanted)
    assert open_rejects(shop.loads(), "UTC") == []


def test_a_file_whose_name_was_reused_comes_in_under_another(shop):
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED)
    shop.export("sales_kept.csv", text([*GOOD, "x1,1.00,y"]))
    shop.export("sales.csv", text(["500,1.00,new"]))
    shop.land(REQUIRED)
    (load,) = shop.land(TEXT_IDS)
    assert (load.repeats, [file.path for file in load.files]) == (
        1,
        ["shop/sales_kept.csv"],
    )
    assert len(shop.rows("id", TEXT_IDS)) == len(GOOD) + 2


def test_a_change_landed_again_is_no_later_one(shop):
    """What is dated is compared with what counts before it."""
    upsert = {"delivery": "upsert"}
    first, second = text([*GOOD, "x1,1.00,y"]), text(["1,9.00,later"])
    shop.export("sales_2001-01-01.csv", text(GOOD))
    shop.land(REQUIRED, **upsert)
    for name, content in (("sales_1.csv", first), ("sales_2.csv", second)):
        shop.export(name, content)
        shop.land(REQUIRED, **upsert)
    mended = replace(TEXT_IDS, **upsert)
    (load,) = shop.land(mended)
    assert load.repeats == 2
    shop.export("sales_2098-01-01.csv", second)
    assert shop.land(mended) == []
    shop.export("sales_2098-01-02.csv", first)
    assert len(shop.land(mended)) == 1


def test_rows_that_had_another_key_are_other_rows(shop):
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED)
    shop.export("sales.csv", "id,amount,note,till\n" + "9,1.00,y,7\n" * 3)
    mended = replace(
        REQUIRED, columns=columns({**TYPES, "till": "bigint"}), key=("till",)
    )
    (load,) = shop.land(mended)
    assert load.repeats is None


@pytest.mark.parametrize("delivery", ["append", "upsert"])
@pytest.mark.parametrize(
    ("first", "then", "is_open"),
    [
        (["1,1.00,", "2,free,"], ["1,2.00,", "3,3.00,"], True),
        (["1,1.00,", "2,free,"], ["1,2.00,", "3,3.00,", "2,4.00,"], False),
        # What is no number was mended to one.
        (["1,1.00,", "x,1.00,"], ["1,1.00,", "2,1.00,"], False),
        (["1,1.00,", "x,1.00,", "2,free,"], ["1,1.00,", "5,1.00,", "6,1.00,"], True),
    ],
)
def test_a_refused_row_is_in_when_its_key_is(shop, delivery, first, then, is_open):
    shop.export("sales.csv", text(first))
    shop.land(REQUIRED, delivery=delivery, max_rejects=0.7)
    shop.export("sales.csv", text(then))
    shop.land(REQUIRED, delivery=delivery)
    assert bool(open_rejects(shop.loads(), "UTC")) == is_open


@pytest.mark.parametrize("row", ["900,free,y", "x,1.00,y", "900,1.00"])
@pytest.mark.parametrize("contract", [REQUIRED, TEXT_IDS])
def test_a_file_of_which_nothing_landed_is_not_in_with_another_row(shop, row, contract):
    """Neither under its contract nor under another one."""
    shop.export("sales_1.csv", text(GOOD))
    shop.export("sales_2.csv", text([row]))
    shop.land(REQUIRED)
    shop.export("sales_2.csv", text(["901,2.00,y", "902,2.00,y"]))
    (load,) = shop.land(contract)
    assert load.repeats is None
    assert [file.path for _, file in open_rejects(shop.loads(), "UTC")] == [
        "shop/sales_2.csv"
    ]


def test_a_shorter_file_is_not_the_one_that_was_mended(shop):
    shop.export("sales.csv", text([*GOOD, "x1,1.00,y"]))
    shop.land(REQUIRED)
    shop.export("sales.csv", text(GOOD))
    (load,) = shop.land(TEXT_IDS)
    assert load.repeats is None
    assert len(open_rejects(shop.loads(), "UTC")) == 1


def test_a_name_given_to_other_rows_of_the_same_keys_is_not_mended(shop):
    shop.export("sales.csv", text(["1,1.00,y", "2,free,y"]))
    shop.land(REQUIRED, max_rejects=0.5)
    shop.export("sales.csv", text(["1,2.00,y", "3,3.00,y"]))
    (load,) = shop.land(TEXT_IDS, max_rejects=0.5)
    assert load.repeats is None
    assert len(open_rejects(shop.loads(), "UTC")) == 1


@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
@pytest.mark.parametrize("name", ["sales.csv", "sales_3.csv"])
def test_what_comes_again_after_another_is_the_newest_at_once(shop, delivery, name):
    """A, B, A ends in A, also if rows of A were refused, and its contract is mended."""
    first = text([*GOOD, "x1,1.00,y"])
    path = shop.export("sales.csv", first)
    shop.land(REQUIRED, delivery=delivery)
    shop.export("sales.csv", text(["1,9.00,other", *GOOD[1:]]))
    shop.land(REQUIRED, delivery=delivery)
    if name != path.name and delivery == "snapshot":
        path.unlink()
    shop.export(name, first)
    mended = replace(TEXT_IDS, delivery=delivery)
    shop.land(mended)
    shop.show(mended)
    newest = """select note from raw_shop.sales where id = '1'
        order by _file_number desc limit 1"""
    assert shop.query(newest) == [("note 1",)]
    assert open_rejects(shop.loads(), "UTC") == []
    assert shop.land(mended) == []


def test_a_change_that_came_twice_is_landed_again_at_both_places(shop):
    upsert = {"delivery": "upsert"}
    first = text([*GOOD, "x1,1.00,y"])
    for name, content in (("1", first), ("2", text(["1,9.00,z"])), ("3", first)):
        shop.export(f"sales_{name}.csv", content)
        shop.land(REQUIRED, **upsert)
    mended = replace(TEXT_IDS, **upsert)
    assert [load.repeats for load in shop.land(mended)] == [1, 3]
    assert shop.land(mended) == []


@pytest.mark.parametrize("names", [("_1", "_01"), ("_2026-01-01_1", "_2026-01-01_01")])
def test_names_that_sort_alike_are_two(shop, names):
    for number, name in enumerate(names):
        shop.export(f"sales{name}.csv", text([f"{number},1.00,a"]))
    (load,) = shop.land(delivery="upsert")
    assert len(load.files) == 2
    assert shop.land(delivery="upsert") == []
