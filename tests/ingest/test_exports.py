"""Export files: what their names say, what is known of them, and what is none."""

import hashlib
import json
import os
import time
from datetime import date, datetime
from pathlib import Path

import pytest

from ingest import exports
from ingest.exports import ExportCatalog, ExportFile
from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import SALES, Shop

A, B, C = (f"id,amount,note\n{n},{n}.00,\n" for n in range(3))


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("sales_2026-11-22.csv", date(2026, 11, 22)),
        ("sales_20261122.csv.gz", date(2026, 11, 22)),
        ("20261122_sales.csv", date(2026, 11, 22)),
        ("sales_2026-11-22T0415.csv", datetime(2026, 11, 22, 4, 15)),
        ("sales_20261122T041530Z.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_20261122041530.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_2026-11-22_04-15-30.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_2026_11_22.csv", date(2026, 11, 22)),
        ("sales_2026.11.22.csv", date(2026, 11, 22)),
        ("sales_22.11.2026.csv", date(2026, 11, 22)),
        ("sales_02-11-2026.csv", date(2026, 11, 2)),
        ("sales_22.11.2026_04-15-30.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_2026_11_22_04_15_30.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_20261122_041530.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_20261122_041530_2.csv", datetime(2026, 11, 22, 4, 15, 30)),
        ("sales_2026-11-22_00-15-30.csv", datetime(2026, 11, 22, 0, 15, 30)),
        ("sales_01.11.2026-30.11.2026.csv", date(2026, 11, 30)),
        # The numbers of parts.
        ("sales_20261122_041560.csv", date(2026, 11, 22)),
        ("sales_20261122_241530.csv", date(2026, 11, 22)),
        ("sales_20261122_001530.csv", date(2026, 11, 22)),
        ("sales_2026_11_22_04.csv", date(2026, 11, 22)),
        ("sales_2026-11-22_0415.csv", date(2026, 11, 22)),
        ("sales_20261122_000001.csv", date(2026, 11, 22)),
        ("sales_2026-11-22-01.csv", date(2026, 11, 22)),
        # No time: 25 o'clock.
        ("sales_20261122T2515.csv", None),
        ("sales_20261101_20261130.csv", date(2026, 11, 30)),
        ("2026-11-22/sales.csv", date(2026, 11, 22)),
        ("day=20261122/shop_7/sales.csv", date(2026, 11, 22)),
        ("2026-11-22/sales_2026-11-21.csv", date(2026, 11, 21)),
        ("daily/2026/11/22/sales.csv", date(2026, 11, 22)),
        ("2026/11/22/shop_7/sales.csv", date(2026, 11, 22)),
        ("year=2026/month=11/day=22/sales.csv", date(2026, 11, 22)),
        ("shop/year=2026/month=1/day=2/hour=08/sales.csv", date(2026, 1, 2)),
        ("2026/11/22/2026/11/23/sales.csv", date(2026, 11, 23)),
        ("2026/11/22/sales_2026-11-21.csv", date(2026, 11, 21)),
        ("2026-11-20/2026/11/22/sales.csv", date(2026, 11, 20)),
        ("store_20451739_2026-11-22.csv", date(2026, 11, 22)),
        ("store_20251231_2026-11-22.csv", date(2026, 11, 22)),
        ("sales.csv", None),
        ("sales_2026-11.csv", None),
        ("sales_2026-13-01.csv", None),
        ("2026/11/sales.csv", None),
        ("2026/11/22.csv", None),
        ("2026/13/01/sales.csv", None),
        ("2026/02/30/sales.csv", None),
        ("2026/1/2/sales.csv", None),
        ("12026/11/22/sales.csv", None),
        ("2026/11/22nd/sales.csv", None),
        ("11/22/2026/sales.csv", None),
        # The month first.
        ("sales_11-22-2026.csv", None),
        ("sales_11.22.2026.csv", None),
        ("sales_22112026.csv", None),
        ("sales_2026-11.22.csv", None),
        ("sales_22.11-2026.csv", None),
        ("sales_122.11.2026.csv", None),
        ("sales_2026-02-30.csv", None),
        ("sales_1202611220.csv", None),
    ],
)
def test_the_name_says_the_delivery_date(name, day):
    if type(day) is date:
        day = datetime.combine(day, datetime.min.time())
    assert ExportFile(Path(name), name, "", 0).delivered_on == day


def test_folders_in_an_archive_say_it_before_the_archive():
    for member, day in [("2026/11/22/sales.csv", 22), ("2026/11/sales.csv", 30)]:
        name = f"sales_2026-11-30.zip#{member}"
        file = ExportFile(Path(name), name, "", 0, member)
        assert file.delivered_on == datetime(2026, 11, day)


def catalog_hash(shop: Shop) -> str:
    catalog = ExportCatalog(shop.deployment)
    (file,) = catalog.files(SALES)
    catalog.remember()
    return file.content_hash


def remembered(shop: Shop) -> Path:
    return shop.deployment.build / "file_hashes.json"


def test_files_come_by_name_with_the_hash_of_their_bytes(shop):
    for name, text in (("sales_2.csv", A), ("sales_1.csv", B), ("other.csv", C)):
        shop.export(name, text)
    files = ExportCatalog(shop.deployment).files(SALES)
    assert [(file.name, file.content_hash, file.size_bytes) for file in files] == [
        (f"shop/{name}", hashlib.sha256(text.encode()).hexdigest(), len(text))
        for name, text in (("sales_1.csv", B), ("sales_2.csv", A))
    ]


def test_an_unchanged_file_is_not_read_again(shop, monkeypatch):
    monkeypatch.setattr(exports, "_SETTLED_NS", -1)
    shop.export("sales.csv", A)
    read = catalog_hash(shop)
    remembered(shop).write_text(remembered(shop).read_text().replace(read, "told"))
    assert catalog_hash(shop) == "told"
    remembered(shop).unlink()
    assert catalog_hash(shop) == read


def test_a_rewrite_of_the_same_size_and_time_is_seen(shop, monkeypatch):
    monkeypatch.setattr(exports, "_SETTLED_NS", -1)
    path = shop.export("sales.csv", A)
    os.utime(path, ns=(10**18, 10**18))
    before = catalog_hash(shop)
    time.sleep(0.02)
    shop.export("sales.csv", B)
    os.utime(path, ns=(10**18, 10**18))
    assert catalog_hash(shop) != before


@pytest.mark.parametrize("modified_at", [None, 10**18])
def test_a_file_written_just_now_is_not_remembered(shop, modified_at):
    path = shop.export("sales.csv", A)
    if modified_at:
        os.utime(path, ns=(modified_at, modified_at))
    catalog_hash(shop)
    assert json.loads(remembered(shop).read_text())["hashes"] == {}


@pytest.mark.parametrize(
    "memory", [b"", b"{", b"\0\0", b"\xff", b"null", b"[]", b'{"shop/sales.csv": {}}']
)
def test_a_broken_memory_is_forgotten(shop, memory):
    shop.export("sales.csv", A)
    remembered(shop).parent.mkdir()
    remembered(shop).write_bytes(memory)
    assert catalog_hash(shop) == hashlib.sha256(A.encode()).hexdigest()


@pytest.mark.parametrize("pattern", ["shop/sales*", "shop/sales.csv"])
def test_a_dangling_link_is_an_error(shop, pattern):
    (shop.folder / "sales.csv").symlink_to(shop.folder / "gone.csv")
    said = r"exports/shop/sales\.csv cannot be read"
    with pytest.raises(RefusedDeliveryError, match=said):
        shop.land(export=pattern)


@pytest.mark.parametrize(
    ("pattern", "closed", "is_seen"),
    [
        ("shop/**/sales*", "shop/till/2026", True),
        ("shop/*/*/sales*", "shop/till", True),
        ("*/till/2026/sales.csv", "shop", True),
        ("shop/sales.csv", "shop", True),
        ("shop/**/sales*", ".", True),
        ("shop/sales*", "shop/till", False),
        ("shop/*/sales*", "shop/till/2026", False),
    ],
)
def test_a_folder_that_is_closed_is_an_error(
    shop, monkeypatch, pattern, closed, is_seen
):
    (shop.folder / "till" / "2026").mkdir(parents=True)
    shop.export("sales.csv", A)
    shop.export("till/sales.csv", B)
    # Tests may run as a user who may look everywhere.
    closed_folder = shop.deployment.exports / closed
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != closed_folder)
    if not is_seen:
        assert shop.land(export=pattern)
        return
    name = "exports" if closed == "." else f"exports/{closed}"
    said = rf"^{name} cannot be read \(Permission denied\)\. Make it a folder that"
    with pytest.raises(RefusedDeliveryError, match=said):
        shop.land(export=pattern)


def test_a_folder_whose_names_alone_may_be_seen_is_no_obstacle(shop, monkeypatch):
    """What is called by its name needs no list."""
    shop.export("sales.csv", A)
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.R_OK)
    assert shop.land(export="shop/sales.csv")
    with pytest.raises(RefusedDeliveryError, match="exports/shop cannot be read"):
        shop.land(export="shop/sales*")


def test_a_folder_that_is_called_as_files_are_is_none(shop):
    shop.export("sales.csv", "id,amount,note\n1,1,a\n")
    (shop.folder / "sales_old").mkdir()
    assert [load.rows_loaded for load in shop.land()] == [1]


@pytest.mark.parametrize(
    "name",
    [
        "~$sales.xlsx",
        "sales_2.csv.filepart",
        "sales_2.csv.part",
        "sales_2.csv.PART",
        "sales_2.csv.crdownload",
        "sales_2.csv.tmp",
    ],
)
def test_what_is_still_being_written_is_no_delivery_yet(shop, name):
    """A file that is refused would keep all later ones of its table waiting."""
    table = {"export": "shop/*"}
    shop.export(name, "half of a row")
    shop.export("sales_1.csv", A)
    (load,) = shop.land(SALES, **table)
    assert [file.path for file in load.files] == ["shop/sales_1.csv"]
    shop.export("sales_3.csv", B)
    assert len(shop.land(SALES, **table)) == 1
