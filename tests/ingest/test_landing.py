"""Landing: whole loads in immutable folders, or nothing."""

import csv
import hashlib
import io
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from dbt_models import WarehouseError
from tests.ingest.shop import GOOD, REQUIRED, Shop, rejects, text

HEADER = "id,amount,note\n"
A, B, BAD = HEADER + "1,1.00,a\n", HEADER + "2,2.00,b\n", HEADER + "3,much,c\n"


def visible(raw: Path) -> dict[str, str]:
    """Return what is below raw and not aside, with the hash of its bytes."""
    return {
        path.relative_to(raw).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in raw.glob("[!.]*/**/*")
        if path.is_file()
    }


def test_a_load_is_a_folder_of_parquet_and_its_record(shop):
    shop.export("sales.csv", A)
    shop.land()
    assert visible(shop.deployment.raw).keys() == {
        "shop/sales/000001/1.parquet",
        "shop/sales/000001/_load.json",
    }


def test_no_files_are_no_load(shop):
    assert shop.land() == []
    assert shop.loads() == []


def test_a_later_load_leaves_the_earlier_as_they_are(shop):
    shop.export("sales_1.csv", A)
    shop.land()
    before = visible(shop.deployment.raw)
    shop.export("sales_2.csv", B)
    shop.land()
    after = visible(shop.deployment.raw)
    assert before.items() < after.items()


def test_only_the_first_load_is_a_backfill(shop):
    shop.export("sales_2026-01-01.csv", A)
    shop.export("sales_2026-01-02.csv", B)
    loads = shop.land(delivery="snapshot")
    shop.export("sales_2026-01-03.csv", A)
    loads += shop.land(delivery="snapshot")
    assert [load.is_backfill for load in loads] == [True, False, False]


@pytest.mark.parametrize("delivery", ["append", "upsert", "snapshot"])
def test_a_bad_file_takes_its_load_with_it(shop, delivery):
    shop.export("sales_1.csv", A)
    shop.land(delivery=delivery)
    before = visible(shop.deployment.raw)
    shop.export("sales_2.csv", B)
    shop.export("sales_3.csv", BAD)
    with pytest.raises(WarehouseError, match=r"exports/shop/sales_3\.csv"):
        shop.land(delivery=delivery)
    assert visible(shop.deployment.raw) == before


def test_a_mended_file_lands_with_its_load(shop):
    shop.export("sales_1.csv", A)
    shop.export("sales_2.csv", BAD)
    with pytest.raises(WarehouseError):
        shop.land()
    shop.export("sales_2.csv", B)
    (load,) = shop.land()
    assert load.load_id == 1
    assert load.is_backfill
    assert shop.rows("id, note, _file_id") == [(1, "a", 1), (2, "b", 2)]


def test_snapshots_before_the_bad_one_are_kept(shop):
    for day, content in (("01", A), ("02", BAD), ("03", B)):
        shop.export(f"sales_2026-01-{day}.csv", content)
    with pytest.raises(WarehouseError, match=r"sales_2026-01-02\.csv: line 2"):
        shop.land(delivery="snapshot")
    assert [load.files[0].path[-6:] for load in shop.loads()] == ["01.csv"]
    shop.export("sales_2026-01-02.csv", HEADER + "3,3.00,c\n")
    assert len(shop.land(delivery="snapshot")) == 2
    assert [load.files[0].path[-6:-4] for load in shop.loads()] == ["01", "02", "03"]


@pytest.mark.parametrize("delivery", ["snapshot", "append"])
@pytest.mark.parametrize(
    ("others", "words"),
    [
        (0, "and run again."),
        (1, "and run again. Until then, 1 other file waits with it."),
        (2, "and run again. Until then, 2 others wait with it."),
    ],
)
def test_how_many_files_a_bad_one_holds_back_is_told(shop, delivery, others, words):
    shop.export("sales_2017-01-01.csv", A)
    shop.land(delivery=delivery)
    shop.export("sales_2017-01-02.csv", BAD)
    for n in range(others):
        shop.export(f"sales_2017-01-0{n + 3}.csv", HEADER + f"{n + 5},1.00,e\n")
    with pytest.raises(WarehouseError) as caught:
        shop.land(delivery=delivery)
    assert str(caught.value).endswith(words)


def test_what_a_killed_run_left_is_ignored_and_replaced(shop):
    left = shop.deployment.raw / ".landing" / "shop.sales"
    left.mkdir(parents=True)
    (left / "1.parquet").write_bytes(b"PAR1 half a file")
    (left / "7.parquet").write_bytes(b"of more parts")
    (left / "_load.json").write_text('{"load_id": 41, ')
    assert shop.loads() == []
    shop.export("sales.csv", A)
    (load,) = shop.land()
    assert load.load_id == 1
    assert shop.rows("id, amount, note") == [(1, Decimal(1), "a")]
    assert not left.exists()
    assert visible(shop.deployment.raw).keys() == {
        "shop/sales/000001/1.parquet",
        "shop/sales/000001/_load.json",
    }


STEPS = [
    ("ingest.landing", "group_files", "before"),
    ("ingest.reading", "write_part", "before"),
    ("ingest.reading", "write_part", "after"),
    ("ingest.reading", "sift", "after"),
    ("ingest.landing", "read_rows", "after"),
    ("ingest.landing", "keep", "before"),
    ("ingest.landing", "keep", "after"),
    ("ingest.landing", "write_record", "before"),
    ("ingest.landing", "write_record", "after"),
    ("Path", "rename", "before"),
    ("Path", "rename", "after"),
]


@pytest.mark.parametrize("step", STEPS, ids=" ".join)
def test_a_landing_killed_on_the_way_leaves_nothing_or_all(shop, step):
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    outcome = subprocess.run(
        [sys.executable, "-m", "tests.ingest.killed", shop.deployment.data, *step],
        check=False,
    )
    assert outcome.returncode == -signal.SIGKILL
    left = [(load.rows_loaded, load.rows_rejected) for load in shop.loads()]
    assert left == ([(len(GOOD), 1)] if step == ("Path", "rename", "after") else [])
    again = shop.land(REQUIRED)
    assert len(again) == 1 - len(left)
    (load,) = shop.loads()
    assert (load.load_id, load.rows_loaded, load.rows_rejected) == (1, len(GOOD), 1)
    assert len(shop.rows("id", REQUIRED)) == len(GOOD)
    assert [reject["text"] for reject in rejects(shop, 1)] == ["x,1.00,y"]
    if again:
        assert not list((shop.deployment.raw / ".landing").iterdir())
        assert not (shop.deployment.restricted / "copies").exists()


def test_what_a_refused_load_left_is_replaced_too(shop):
    shop.export("sales_1.csv", "note,amount,id\na,1.00,1\n")
    shop.export("sales_2.csv", BAD)
    with pytest.raises(WarehouseError):
        shop.land()
    shop.export("sales_1.csv", A)
    shop.export("sales_2.csv", B)
    shop.land()
    assert shop.rows("id, note") == [(1, "a"), (2, "b")]


ODD = {
    "gz": ("sales.csv.gz", A),
    "capitals": ("SALES.CSV", A),
    "crlf": ("sales.csv", A.replace("\n", "\r\n")),
    "byte order mark": ("sales.csv", "\ufeff" + A),
    "no final newline": ("sales.csv", A.rstrip()),
    "blank lines": ("sales.csv", A.replace("\n", "\n\n")),
    "all quoted": ("sales.csv", '"id","amount","note"\n"1","1.00","a"\n'),
    "other order": ("sales.csv", "note,id,amount\na,1,1.00\n"),
    "unknown columns": ("sales.csv", 'x,id,"a b",amount,note,"c""d"\n9,1,8,1.00,a,7\n'),
}


@pytest.mark.parametrize("case", ODD)
def test_values_land_in_their_columns(shop, case):
    shop.export(*ODD[case])
    shop.land(export="shop/*")
    assert shop.rows("id, amount, note") == [(1, Decimal(1), "a")]


def test_parquet_lands_like_csv(shop):
    shop.export_parquet(
        "sales.parquet", "select 'a' as note, 5 as x, 1.00 as amount, 1 as id"
    )
    shop.land()
    assert shop.rows("id, amount, note") == [(1, Decimal(1), "a")]


def test_a_file_with_only_a_header_is_a_load_without_rows(shop):
    shop.export("sales.csv", HEADER)
    (load,) = shop.land()
    assert (load.rows_loaded, load.control_amount) == (0, Decimal(0))
    assert shop.rows("*") == []


@pytest.mark.parametrize("name", ["sales_[1].csv", "sales_*.csv", "sales_?.csv"])
def test_a_file_is_read_and_not_those_that_its_name_matches(shop, name):
    shop.export("sales_1.csv", B)
    shop.export(name, A)
    shop.land()
    by_path = {f"shop/{name}": "a", "shop/sales_1.csv": "b"}
    landed = {
        file.path: note
        for (file_id, note) in shop.rows("_file_id, note")
        for file in shop.loads()[0].files
        if file.file_id == file_id
    }
    assert landed == by_path


def test_a_data_folder_is_read_and_not_those_that_its_name_matches(tmp_path):
    meant, other = Shop(tmp_path / "data[1]"), Shop(tmp_path / "data1")
    meant.export("sales.csv", A)
    other.export("sales.csv", B)
    meant.land()
    other.land()
    assert meant.rows("note") == [("a",)]


@pytest.mark.parametrize("name", ["da'ta", 'da"ta', "da ta; --", "dätä€", "a/../data"])
def test_a_data_folder_may_have_any_name(tmp_path, name):
    (tmp_path / "a").mkdir()
    shop = Shop(tmp_path / name)
    shop.export("sales o'clock.csv", A)
    shop.land()
    assert shop.rows("note") == [("a",)]
    shop.export("sales 2.csv", BAD)
    with pytest.raises(WarehouseError, match=r"exports/shop/sales 2\.csv: line 2"):
        shop.land()


def random_file(random: Random) -> str:
    """Return records with odd text, in an order of columns of the file's own."""
    names = random.sample(["id", "amount", "note", "extra"], 4)
    breaks = random.choice(["\n", "\r\n"])
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=breaks, quoting=random.choice([0, 1]))
    writer.writerow(names)
    for number in range(random.randint(0, 20)):
        note = "".join(random.choices([*'a,"€ä ', "\n", "\r\n", "''"], k=5))
        cents = Decimal(random.randint(-(10**9), 10**9)) / 100
        values = {"id": number, "amount": cents, "note": note, "extra": note[::-1]}
        writer.writerow([values[name] for name in names])
        if random.random() < 0.1:
            out.write(breaks)
    return out.getvalue()


@pytest.mark.parametrize("seed", range(4))
def test_random_files_land_as_python_reads_them(shop, seed):
    random = Random(seed)
    expected = {}
    for number in range(25):
        text = random_file(random)
        name = f"sales_{number:02d}.csv{random.choice(['', '.gz'])}"
        shop.export(name, text)
        expected[f"shop/{name}"] = [
            (int(row["id"]), Decimal(row["amount"]), row["note"], place)
            for place, row in enumerate(
                csv.DictReader(io.StringIO(text, newline="")), start=1
            )
        ]
    (load,) = shop.land(delivery="upsert")
    paths = {file.file_id: file.path for file in load.files}
    landed = {path: [] for path in paths.values()}
    for file_id, *values in shop.rows("_file_id, id, amount, note, _row_number"):
        landed[paths[file_id]].append(tuple(values))
    assert landed == expected
    total = sum(row[1] for rows in expected.values() for row in rows)
    assert load.control_amount == total


def test_of_rows_with_one_key_the_last_files_holds(shop):
    """Whichever of the files can be read together."""
    shop.export("sales_1.csv", "id,amount,note\n1,1.00,first\n")
    shop.export("sales_2.csv", "note,amount,id\nsecond,1.00,1\n")
    shop.export("sales_3.csv", "id,amount,note\n1,1.00,third\n")
    shop.land(delivery="upsert")
    shop.show()
    query = "select list(note order by _file_number) from raw_shop.sales"
    assert shop.query(query)[0][0] == ["first", "second", "third"]
