"""Deliveries that say what the one before them said, and what came of it later."""

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import pytest

from dbt_models import WarehouseError
from ingest import landing
from ingest.unchanged import RECORD
from tests.ingest.shop import GOOD, LENIENT, REQUIRED, Shop, rejects, text


def files(shop: Shop) -> set[Path]:
    return {path for path in shop.deployment.raw.rglob("*") if path.is_file()}


@pytest.mark.parametrize("delivery", ["snapshot", "upsert"])
def test_an_unchanged_delivery_takes_a_record_and_its_rows_only_once_it_matters(
    shop, delivery
):
    table = {"delivery": delivery, **LENIENT}
    content = text([*GOOD, "x,1.00,y"])
    shop.export("sales_2026-01-01.csv", content)
    shop.land(REQUIRED, **table)
    before = files(shop)
    for day in range(3, 9):
        path = shop.export(f"sales_2026-01-0{day}.csv", content)
        assert shop.land(REQUIRED, **table) == []
        path.unlink()
    (record,) = files(shop) - before
    assert record.stat().st_size < 6 * 300
    shop.export("sales_2026-01-02.csv", text(["1,7.00,late"]))
    late, again = shop.land(REQUIRED, **table)
    (landed,) = again.files
    first = shop.loads()[0].files[0]
    assert landed.path == "shop/sales_2026-01-03.csv"
    assert (landed.rows_read, landed.rows_loaded, landed.rows_rejected) == (200, 199, 1)
    assert landed.control_amount == first.control_amount
    assert shop.rows("id, amount, note, _row_number, _delivered_at", **table)[
        -199:
    ] == [
        (
            int(row.split(",")[0]),
            Decimal(row.split(",")[1]),
            row.split(",")[2],
            n,
            moment,
        )
        for n, row in enumerate(GOOD, start=1)
        for moment in [datetime(2026, 1, 3)]
    ]
    assert rejects(shop, again.load_id) == [
        {**reject, "file": landed.path} for reject in rejects(shop, 1)
    ]


def test_of_a_deleted_load_nothing_is_remembered(shop):
    for day in (1, 3):
        shop.export(f"sales_2026-01-0{day}.csv", text(GOOD))
    (load,) = shop.land(delivery="snapshot")
    shutil.rmtree(load.folder(shop.deployment.raw))
    (shop.folder / "sales_2026-01-01.csv").unlink()
    (load,) = shop.land(delivery="snapshot")
    assert load.files[0].path == "shop/sales_2026-01-03.csv"


def test_a_damaged_record_of_unchanged_deliveries_is_said(shop):
    for day in (1, 3):
        shop.export(f"sales_2026-01-0{day}.csv", text(GOOD))
    shop.land(delivery="snapshot")
    record = shop.deployment.raw / "shop" / "sales" / RECORD
    record.write_text(record.read_text()[:9])
    with pytest.raises(WarehouseError, match=r"_unchanged\.json.* is damaged"):
        shop.land(delivery="snapshot")


def test_a_run_killed_before_the_rows_came_back_is_made_good(shop, monkeypatch):
    for day in (1, 3):
        shop.export(f"sales_2026-01-0{day}.csv", text(GOOD))
    shop.land(delivery="snapshot")
    shutil.rmtree(shop.folder)
    shop.folder.mkdir()
    shop.export("sales_2026-01-02.csv", text(GOOD[:150]))
    with monkeypatch.context() as patch:
        patch.setattr(landing, "copy_rows", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.land(delivery="snapshot")
    (load,) = shop.land(delivery="snapshot")
    assert load.files[0].path == "shop/sales_2026-01-03.csv"
    assert shop.land(delivery="snapshot") == []


def test_rows_come_back_also_if_what_was_refused_beside_them_is_lost(shop):
    table = {"delivery": "upsert", **LENIENT}
    for day in (1, 3):
        shop.export(f"sales_2026-01-0{day}.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED, **table)
    (shop.folder / "sales_2026-01-03.csv").unlink()
    shutil.rmtree(shop.deployment.restricted)
    shop.export("sales_2026-01-02.csv", text(GOOD[:9]))
    _, again = shop.land(REQUIRED, **table)
    assert (again.rows_loaded, again.rows_rejected) == (199, 1)
