"""Which export files are deliveries that are not landed yet."""

import pytest

from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import Shop

HEADER = "id,amount,note\n"
A, B, C, D = (f"{HEADER}{n},{n}.00,\n" for n in range(4))
PARTS = {"2026-01-01_1": A, "2026-01-01_2": B}

# Per step: what is put into the exports (None takes it away), and the files of each
# load that the next run makes of it. Names stand for `sales_<name>.csv`.
APPEND = {
    "the same again": [({"1": A}, [["1"]]), ({}, []), ({"1": A}, [])],
    "the same under another name": [({"1": A}, [["1"]]), ({"2": A}, [])],
    "one new file": [({"1": A}, [["1"]]), ({"2": B}, [["2"]]), ({}, [])],
    "new files are one load": [({"1": A, "2": B, "3": C}, [["1", "2", "3"]]), ({}, [])],
    "equal files at once": [({"1": A, "2": A}, [["1"]]), ({}, [])],
    "equal files keep the order": [({"1": A, "2": B, "3": A}, [["1", "2"]])],
    "new content in an old name": [({"1": A}, [["1"]]), ({"1": B}, [["1"]]), ({}, [])],
    "content from long ago": [
        ({"1": A}, [["1"]]),
        ({"1": B}, [["1"]]),
        ({"1": A}, []),
    ],
    "a file that went": [({"1": A, "2": B}, [["1", "2"]]), ({"1": None}, [])],
}
# What comes late, and was there, unchanged, before it.
LATE = {
    "dated and unchanged, and gone when a late one comes between": [
        ({"2026-01-01": A}, [["2026-01-01"]]),
        ({"2026-01-01": None, "2026-01-03": A}, []),
        ({"2026-01-03": None, "2026-01-05": A}, []),
        ({"2026-01-05": None}, []),
        ({"2026-01-02": B}, [["2026-01-02"], ["2026-01-03"]]),
        ({"2026-01-02": None}, []),
        ({"2026-01-03": A}, []),
        ({"2026-01-04": B}, [["2026-01-04"], ["2026-01-05"]]),
        ({"2026-01-04": None, "2026-01-03": None}, []),
    ],
    "unchanged, and other content in its name since": [
        ({"2026-01-01": A}, [["2026-01-01"]]),
        ({"2026-01-03": A}, []),
        ({"2026-01-03": C}, [["2026-01-03"]]),
        ({"2026-01-03": None, "2026-01-02": B}, [["2026-01-02"]]),
        ({}, []),
    ],
    "unchanged, and in its name since what the late one says": [
        ({"2026-01-01": A}, [["2026-01-01"]]),
        ({"2026-01-03": A}, []),
        ({"2026-01-03": B, "2026-01-02": B}, [["2026-01-02"]]),
        ({"2026-01-03": None}, []),
    ],
    "dated before and after what has no date": [
        ({"2001-01-01": A}, [["2001-01-01"]]),
        ({"fix": B}, [["fix"]]),
        ({"2098-01-01": A}, [["2098-01-01"]]),
        ({"2001-01-02": A}, []),
        ({}, []),
    ],
    "all that is dated is after a backfill without a date": [
        ({"": A}, [[""]]),
        ({"2001-01-01": B}, [["2001-01-01"]]),
        ({"2001-01-02": B}, []),
        ({"2001-01-03": A}, [["2001-01-03"]]),
        ({}, []),
    ],
    "unchanged, until what has no date came in between": [
        ({"2001-01-01": A}, [["2001-01-01"]]),
        ({"2098-01-01": A}, []),
        ({"2098-01-01": None, "fix": B}, [["fix"], ["2098-01-01"]]),
        ({}, []),
    ],
}
SNAPSHOT = {
    "a part that is archived": [(PARTS, [[*PARTS]]), ({"2026-01-01_2": None}, [])],
    "a part that is corrected": [
        (PARTS, [[*PARTS]]),
        ({"2026-01-01_1": C}, [[*PARTS]]),
    ],
    "a part that is corrected and one that is moved": [
        (PARTS, [[*PARTS]]),
        (
            {"2026-01-01_1": C, "2026-01-01_2": None, "2026-01-01_b": B},
            [["2026-01-01_1", "2026-01-01_b"]],
        ),
    ],
    "one file instead of two": [
        (PARTS, [[*PARTS]]),
        (dict.fromkeys(PARTS) | {"2026-01-01": C}, [["2026-01-01"]]),
    ],
    **LATE,
    "the same again": [({"": A}, [[""]]), ({}, []), ({"": A}, [])],
    "A, B, A": [
        ({"": A}, [[""]]),
        ({"": B}, [[""]]),
        ({"": A}, [[""]]),
        ({}, []),
    ],
    "the same under another name": [({"1": A}, [["1"]]), ({"1": None, "2": A}, [])],
    "parts are one load": [({"1": A, "2": B}, [["1", "2"]]), ({}, [])],
    "one part changed": [
        ({"1": A, "2": B}, [["1", "2"]]),
        ({"2": C}, [["1", "2"]]),
        ({}, []),
    ],
    "dates decide, not names": [
        ({"z_2026-01-01": A, "a_2026-01-02": B}, [["z_2026-01-01"], ["a_2026-01-02"]]),
        ({}, []),
    ],
    "dated A, B, A at once": [
        (
            {"2026-01-01": A, "2026-01-02": B, "2026-01-03": A},
            [["2026-01-01"], ["2026-01-02"], ["2026-01-03"]],
        ),
        ({}, []),
    ],
    "dated and unchanged": [
        ({"2026-01-01": A, "2026-01-02": A}, [["2026-01-01"]]),
        ({"2026-01-03": B}, [["2026-01-03"]]),
        ({}, []),
    ],
    "a late older one": [
        ({"2026-01-02": A}, [["2026-01-02"]]),
        ({"2026-01-01": B}, [["2026-01-01"]]),
        ({}, []),
    ],
    "a late one between": [
        ({"2026-01-01": A, "2026-01-03": B}, [["2026-01-01"], ["2026-01-03"]]),
        ({"2026-01-02": C}, [["2026-01-02"]]),
        ({}, []),
    ],
    "a late one like the one before": [
        ({"2026-01-01": A, "2026-01-03": B}, [["2026-01-01"], ["2026-01-03"]]),
        ({"2026-01-02": A}, []),
    ],
    "a late one like the one after": [
        ({"2026-01-01": A, "2026-01-03": B}, [["2026-01-01"], ["2026-01-03"]]),
        ({"2026-01-02": B}, [["2026-01-02"]]),
        ({}, []),
    ],
    "a late one makes the next a change": [
        ({"2026-01-01": A, "2026-01-03": A}, [["2026-01-01"]]),
        ({"2026-01-02": B}, [["2026-01-02"], ["2026-01-03"]]),
        ({}, []),
    ],
    "twice a day": [
        (
            {"2026-01-01T0800": A, "2026-01-01T1800": B},
            [["2026-01-01T0800"], ["2026-01-01T1800"]],
        ),
        ({}, []),
    ],
    "a date delivered again": [
        ({"2026-01-01": A, "2026-01-02": B}, [["2026-01-01"], ["2026-01-02"]]),
        ({"2026-01-01": C}, [["2026-01-01"]]),
        ({}, []),
    ],
    "a dated one beside the undated": [
        ({"": A}, [[""]]),
        ({"2026-01-01": B}, [["2026-01-01"]]),
        ({}, []),
    ],
    "the undated changes beside a dated one": [
        ({"": A, "2026-01-01": B}, [[""], ["2026-01-01"]]),
        ({}, []),
        ({"": C}, [[""]]),
        ({}, []),
    ],
    "unchanged, and there when a late one comes between": [
        ({"2026-01-01": A, "2026-01-03": A}, [["2026-01-01"]]),
        ({"2026-01-01": None, "2026-01-02": B}, [["2026-01-02"], ["2026-01-03"]]),
        ({"2026-01-02": None, "2026-01-03": None}, []),
    ],
    "parts that are unchanged are all brought back": [
        ({"1_2026-01-01": A, "2_2026-01-01": B}, [["1_2026-01-01", "2_2026-01-01"]]),
        ({"1_2026-01-03": A, "2_2026-01-03": B}, []),
        ({"1_2026-01-03": None, "2_2026-01-03": None}, []),
        ({"2026-01-02": C}, [["2026-01-02"], ["1_2026-01-03", "2_2026-01-03"]]),
        ({}, []),
    ],
    "parts go one by one once they are landed": [
        (
            {"1_2026-01-01": A, "2_2026-01-01": B, "3_2026-01-01": C},
            [["1_2026-01-01", "2_2026-01-01", "3_2026-01-01"]],
        ),
        ({"3_2026-01-01": None}, []),
        ({"1_2026-01-01": None}, []),
        ({"2_2026-01-01": None}, []),
    ],
    "parts without a date go one by one": [
        ({"1": A, "2": B, "3": C}, [["1", "2", "3"]]),
        ({"2": None}, []),
        ({"1": None}, []),
        ({"1": A, "2": D}, [["1", "2", "3"]]),
    ],
    "parts come one by one": [
        ({"1_2026-01-01": A}, [["1_2026-01-01"]]),
        ({"2_2026-01-01": B}, [["1_2026-01-01", "2_2026-01-01"]]),
        ({}, []),
    ],
    "fewer parts on another day": [
        ({"1_2026-01-01": A, "2_2026-01-01": B}, [["1_2026-01-01", "2_2026-01-01"]]),
        ({"1_2026-01-02": A}, [["1_2026-01-02"]]),
        ({}, []),
    ],
    "parts that are unchanged go one by one": [
        ({"1_2026-01-01": A, "2_2026-01-01": B}, [["1_2026-01-01", "2_2026-01-01"]]),
        ({"1_2026-01-03": A, "2_2026-01-03": B}, []),
        ({"1_2026-01-03": None}, []),
        ({"2026-01-02": C}, [["2026-01-02"], ["1_2026-01-03", "2_2026-01-03"]]),
        ({"2_2026-01-03": None}, []),
    ],
}
UPSERT = {
    **LATE,
    "the same again": [({"1": A}, [["1"]]), ({}, []), ({"1": A}, [])],
    "a changed file": [({"1": A}, [["1"]]), ({"1": B}, [["1"]]), ({}, [])],
    "A, B, A": [({"1": A}, [["1"]]), ({"1": B}, [["1"]]), ({"1": A}, [["1"]])],
    "only what is new": [({"1": A, "2": B}, [["1", "2"]]), ({"3": C}, [["3"]])],
    "dates decide, not names": [
        ({"z_2026-01-01": A, "a_2026-01-02": B}, [["z_2026-01-01", "a_2026-01-02"]]),
        ({}, []),
    ],
    "the latest under another name": [
        ({"1": A}, [["1"]]),
        ({"2": A}, [["2"]]),
        ({"3": B}, [["3"]]),
        ({}, []),
    ],
    "the latest, without a date": [
        ({"2001-01-01": A}, [["2001-01-01"]]),
        ({"fix": A}, [["fix"]]),
        ({"2001-01-02": B, "2098-01-01": C}, [["2001-01-02", "2098-01-01"]]),
        ({}, []),
    ],
    "the latest before last under another name": [
        ({"1": A}, [["1"]]),
        ({"2": B}, [["2"]]),
        ({"10": A}, [["10"]]),
        ({}, []),
    ],
    "a name that sorts before": [
        ({"2": A}, [["2"]]),
        ({"1": B}, [["1"]]),
        ({"0": B}, [["0"]]),
        ({"0": A}, [["0"]]),
        ({}, []),
    ],
    "numbers in names": [({"8": A, "9": B, "10": C}, [["8", "9", "10"]])],
    "without a date, after a dated one": [
        ({"2001-01-01": C}, [["2001-01-01"]]),
        ({"1": A}, [["1"]]),
        ({"2098-01-01": B}, [["2098-01-01"]]),
        ({"2": C}, [["2"]]),
        ({}, []),
    ],
    "what comes at once is in the order of deliveries": [
        ({"2001-01-01": A}, [["2001-01-01"]]),
        (
            {"2001-01-02": B, "1": A, "2098-01-01": B},
            [["2001-01-02", "1", "2098-01-01"]],
        ),
        ({}, []),
    ],
    "an older one under another name": [
        ({"1": A}, [["1"]]),
        ({"2": B}, [["2"]]),
        ({"3": A}, [["3"]]),
        ({}, []),
    ],
    "unchanged, and there when a late one comes between": [
        ({"2026-01-01": A, "2026-01-03": A}, [["2026-01-01"]]),
        ({"2026-01-01": None, "2026-01-02": B}, [["2026-01-02", "2026-01-03"]]),
        ({"2026-01-02": None, "2026-01-03": None}, []),
    ],
}


@pytest.mark.parametrize("next_one", [False, True], ids=["alone", "with the next"])
@pytest.mark.parametrize("day", ["", "_2026-01-01"])
def test_a_change_that_is_moved_to_another_folder_is_no_later_one(shop, next_one, day):
    upsert = {"delivery": "upsert", "export": "shop/**/sales*"}
    (shop.folder / "done").mkdir()
    path = shop.export(f"sales{day}.csv", A)
    shop.land(**upsert)
    shop.export(f"sales{day}_2.csv", B)
    shop.land(**upsert)
    path.rename(shop.folder / "done" / path.name)
    if next_one:
        shop.export(path.name, C)
    names = [file.path for load in shop.land(**upsert) for file in load.files]
    assert names == ([f"shop/{path.name}"] if next_one else [])
    assert shop.land(**upsert) == []


def test_a_change_that_is_copied_to_another_folder_comes_again(shop):
    upsert = {"delivery": "upsert", "export": "shop/**/sales*"}
    (shop.folder / "more").mkdir()
    for name, content in (("sales.csv", A), ("sales_2.csv", B), ("more/sales.csv", A)):
        shop.export(name, content)
        assert len(shop.land(**upsert)) == 1
    assert shop.land(**upsert) == []


def deliver(shop: Shop, delivery: str, steps: list) -> None:
    for number, (files, expected) in enumerate(steps, start=1):
        for name, content in files.items():
            if content is None:
                (shop.folder / f"sales_{name}.csv").unlink()
            else:
                shop.export(f"sales_{name}.csv", content)
        loads = shop.land(delivery=delivery)
        names = [
            [file.path.removeprefix("shop/sales_")[:-4] for file in load.files]
            for load in loads
        ]
        assert names == expected, f"step {number}"
        assert shop.loads()[len(shop.loads()) - len(loads) :] == loads


@pytest.mark.parametrize("name", APPEND)
def test_append(shop, name):
    deliver(shop, "append", APPEND[name])


@pytest.mark.parametrize("name", SNAPSHOT)
def test_snapshot(shop, name):
    deliver(shop, "snapshot", SNAPSHOT[name])


@pytest.mark.parametrize("name", UPSERT)
def test_upsert(shop, name):
    deliver(shop, "upsert", UPSERT[name])


@pytest.mark.parametrize("new", [{}, {"2026-01-01_4": D}], ids=["alone", "with more"])
def test_a_corrected_part_whose_other_ones_are_gone_deletes_nothing(shop, new):
    deliver(shop, "snapshot", [(PARTS, [[*PARTS]])])
    gone = {"2026-01-01_1": C, "2026-01-01_2": None} | new
    with pytest.raises(
        RefusedDeliveryError,
        match="sales_2026-01-01_1.csv: it has changed since it was landed, but .*"
        "sales_2026-01-01_2.csv, landed with it as one snapshot",
    ):
        deliver(shop, "snapshot", [(gone, [])])
    # As the message says.
    deliver(shop, "snapshot", [({"2026-01-01_2": HEADER}, [[*PARTS, *new]])])
