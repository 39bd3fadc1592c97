"""When a raw row was known and delivered: column, file name, backfill or load."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest.builds import Asked
from tests.ingest.shop import Shop, columns

HEADER = "id,amount,note\n"
BEGINNING = datetime(1900, 1, 1)
TIMED = {"id": "bigint", "paid_at": "timestamp", "paid_on": "date"}


def timed(**changes) -> dict:
    return {"columns": columns(TIMED), "control_amount": None, **changes}


def export_timed(shop: Shop, name: str = "sales.csv") -> None:
    shop.export(
        name,
        "id,paid_at,paid_on\n1,2026-01-15 12:00:00,2026-01-15\n"
        "2,2026-07-15 12:00:00,2026-07-15\n",
    )


@pytest.mark.parametrize(
    ("zone", "column", "winter", "summer"),
    [
        ("UTC", "paid_at", "2026-01-15 12:00", "2026-07-15 12:00"),
        ("America/New_York", "paid_at", "2026-01-15 17:00", "2026-07-15 16:00"),
        ("Europe/Berlin", "paid_at", "2026-01-15 11:00", "2026-07-15 10:00"),
        ("Asia/Kolkata", "paid_at", "2026-01-15 06:30", "2026-07-15 06:30"),
        ("UTC", "paid_on", "2026-01-15 00:00", "2026-07-15 00:00"),
        ("Europe/Berlin", "paid_on", "2026-01-14 23:00", "2026-07-14 22:00"),
    ],
)
@pytest.mark.parametrize("name", ["sales.csv", "sales_2026-12-01.csv"])
def test_known_at_is_the_contracts_column_in_utc(
    shop, zone, column, winter, summer, name
):
    export_timed(shop, name)
    table = timed(known_at=column, timezone=zone)
    shop.land(**table)
    expected = [(datetime.fromisoformat(text),) for text in (winter, summer)]
    assert shop.rows("_known_at", **table) == expected


def test_known_at_is_else_the_delivery_date_in_the_name(shop):
    shop.export("sales_2026-03-01.csv", HEADER + "1,1,a\n")
    shop.export("sales_20260302.csv", HEADER + "2,1,a\n")
    shop.land()
    known = [(datetime(2026, 3, day), datetime(2026, 3, day)) for day in (1, 2)]
    assert set(shop.rows("_known_at, _delivered_at")) == set(known)


def test_known_at_is_else_the_beginning_for_a_backfill(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    shop.land()
    # What is dated and comes later is newer, whatever its date.
    assert shop.rows("_known_at, _delivered_at") == [(BEGINNING, BEGINNING)]


def test_known_at_is_else_the_load_time(shop):
    shop.export("sales_1.csv", HEADER + "1,1,a\n")
    shop.land()
    shop.export("sales_2.csv", HEADER + "2,1,a\n")
    shop.export("sales_2026-03-01.csv", HEADER + "3,1,a\n")
    (later,) = shop.land()
    assert dict(shop.rows("id, _known_at")) == {
        1: BEGINNING,
        2: later.loaded_at,
        3: datetime(2026, 3, 1),
    }


@pytest.mark.parametrize(
    ("zone", "name", "moment"),
    [
        ("Asia/Shanghai", "2026-03-01T1530", "2026-03-01 07:30"),
        ("Asia/Shanghai", "2026-03-01", "2026-02-28 16:00"),
        ("Pacific/Honolulu", "2026-03-01", "2026-03-01 10:00"),
        ("Europe/Berlin", "2026-07-01T0030", "2026-06-30 22:30"),
        # No clock showed it, another showed it twice.
        ("Europe/Berlin", "2026-03-29T0230", "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-10-25T0230", "2026-10-25 00:30"),
    ],
)
def test_a_name_is_a_moment_where_its_source_is(shop, zone, name, moment):
    shop.export(f"sales_{name}.csv", HEADER + "1,1,a\n")
    shop.land(timezone=zone)
    shop.show(timezone=zone)
    delivered = [(datetime.fromisoformat(moment),)]
    assert shop.rows("_delivered_at", timezone=zone) == delivered


@pytest.mark.parametrize("delivery", ["upsert", "snapshot"])
@pytest.mark.parametrize("zone", ["Etc/GMT+12", "UTC", "Etc/GMT-14"])
def test_dates_and_landings_are_by_one_clock(shop, zone, delivery):
    """Also at its own place, some hours later it is too late for what says so."""
    table = {"timezone": zone, "delivery": delivery}

    def minutes_from_now(minutes: int) -> str:
        moment = datetime.now(ZoneInfo(zone)) + timedelta(minutes=minutes)
        return f"sales_{moment:%Y-%m-%dT%H%M}.csv"

    names = ["sales_2001-01-01.csv", minutes_from_now(-9), "sales_fix.csv"]
    for name, note in zip([*names, minutes_from_now(9)], "abcd", strict=True):
        shop.export(name, f"{HEADER}1,1,{note}\n")
        shop.land(**table)
        shop.show(**table)
        assert shop.query("select max_by(note, _file_number) from raw_shop.sales") == [
            (note,)
        ]
        newest = max(shop.loads(), key=lambda load: load.order(zone))
        assert newest.load_id == len(shop.loads())


def test_a_date_without_a_time_is_the_beginning_of_its_day(shop):
    """What has no date and lands later that day is newer."""
    today = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    for name in ("sales_2001-01-01.csv", f"sales_{today}.csv", "sales_fix.csv"):
        shop.export(name, f"{HEADER}1,1,{name}\n")
        shop.land(timezone="Asia/Tokyo", delivery="upsert")
    shop.show(timezone="Asia/Tokyo")
    assert shop.query("select max_by(note, _file_number) from raw_shop.sales") == [
        ("sales_fix.csv",)
    ]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_delivery_is_known_on_its_date_and_not_before(tmp_path, zone):
    shop = Shop(tmp_path / "data", timezone=zone)
    shop.export("sales_2026-07-01.csv", HEADER + "1,1,a\n")
    shop.land(timezone=zone)
    ((known_at,),) = shop.rows("_known_at", timezone=zone)
    day = date(2026, 7, 1)
    assert known_at <= Asked(known_at=day).known_until(shop.deployment)
    the_day_before = Asked(known_at=day - timedelta(days=1))
    assert known_at > the_day_before.known_until(shop.deployment)


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("UTC", date(2026, 7, 1), datetime(2026, 7, 2)),
        ("America/New_York", date(2026, 7, 1), datetime(2026, 7, 2, 4)),
        ("America/New_York", date(2026, 1, 1), datetime(2026, 1, 2, 5)),
        # the clocks change on these days
        ("America/New_York", date(2026, 3, 8), datetime(2026, 3, 9, 4)),
        ("America/New_York", date(2026, 11, 1), datetime(2026, 11, 2, 5)),
        ("Asia/Tokyo", date(2026, 7, 1), datetime(2026, 7, 1, 15)),
    ],
)
def test_known_until_is_the_end_of_the_business_date(tmp_path, zone, day, end):
    deployment = Shop(tmp_path, timezone=zone).deployment
    until = Asked(known_at=day).known_until(deployment)
    assert until == end - timedelta(microseconds=1)


def test_known_until_of_nothing_asked_is_nothing(shop):
    assert Asked().known_until(shop.deployment) is None


def test_deliveries_of_an_hour_that_clocks_leave_out_are_landed_once(shop):
    table = {"timezone": "Europe/Berlin", "delivery": "snapshot"}
    for hour in (1, 2, 3, 4):
        shop.export(f"sales_2026-03-29T0{hour}00.csv", f"{HEADER}1,{hour},a\n")
        shop.land(**table)
    assert shop.land(**table) == []
    assert len(shop.loads()) == 4
