"""Values land as they stand in the file, or their row is refused."""

from contextlib import suppress
from decimal import Decimal
from itertools import product
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbt_models import WarehouseError
from ingest.contracts import Column
from ingest.readers import csv_stream
from ingest.readers.csv_files import CsvReader
from ingest.readers.csv_stream import stream
from ingest.readers.dialects import Dialect
from tests.ingest.shop import SALES, columns, rejects, text

PARQUET = "select 1 as id, 1.00 as amount, 'x' as note"
# What values of a type are made of, and some that breaks them.
PIECES = {
    "integer": "0012345678-+ \t.",
    "bigint": "00123456789-+ .ex_",
    "decimal(12, 2)": "00123456789...-+ e",
    "decimal(5, 0)": "012345.-+ e",
    "double": "0123456789.-+e\t_",
    "boolean": ["true", "false", "t", "T", "yes", "no", "1", "0", "TRUE", " "],
    "varchar": ["a", "ä", " ", "1.50", "NULL", "nan", "'", "0x1"],
}
MOMENTS = [
    ["", " "],
    ["2017-02-28", "2017-02-30", "2017-1-1", "20170101", "0017-12-31"],
    ["", " ", "T"],
    ["", "10", "10:00", "10:00:00", "25:00", "1:00", "10:00:60"],
    ["", ".5", ".123456", ".1234567", "Z", "+02", "-05:00", " +0530", " "],
]


def spellings(type_: str) -> set[str]:
    if type_ in PIECES:
        choose = Random(type_).choices
        return {"".join(choose(PIECES[type_], k=n % 7)) for n in range(500)}
    return {"".join(pieces) for pieces in product(*MOMENTS)}


@pytest.mark.parametrize("type_", [*PIECES, "date", "timestamp"])
def test_what_is_read_fast_is_read_the_same_with_care(
    shop, monkeypatch, tmp_path, type_
):
    """The fast reading takes nothing that the careful one would refuse or change."""
    path, read = tmp_path / "value.csv", {}
    for value in spellings(type_):
        path.write_text(f"extra,id\n{value},1\n")
        with suppress(ValueError):  # Arrow's errors are some
            rows = stream(
                [path], {"extra": type_, "id": "bigint"}, Dialect()
            ).read_all()
            read[value] = rows.column("extra")[0].as_py()
    assert len(read) > 3
    monkeypatch.setattr(CsvReader, "stream", lambda *_: None)
    rows = [f"{n},1.00,{value}" for n, value in enumerate(read)]
    shop.export("sales.csv", "id,amount,extra\n" + "\n".join(rows))
    table = {
        "columns": columns({"id": "bigint", "amount": "decimal(12, 2)", "extra": type_})
    }
    shop.land(**table)
    landed = [value for _, value in shop.rows("id, extra", SALES, **table)]
    assert dict(zip(read, landed, strict=True)) == read


def test_a_hexadecimal_number_is_found_wherever_a_block_ends(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_text("id,b\n" + "17,x\n" * 40 + "0x11,x\n")
    for block in range(10, 60):
        monkeypatch.setattr(csv_stream, "_BLOCK", block)
        with pytest.raises(ValueError, match="hexadecimal"):
            stream([path], {"id": "bigint", "b": "varchar"}, Dialect()).read_all()


def test_bytes_that_are_no_text_are_told_by_their_column(shop):
    notes = pa.array([b"Ann \xff", b"abc"])
    table = pa.table({"id": [1, 2], "amount": [1.0, 2.0], "note": notes})
    pq.write_table(table, shop.folder / "sales.parquet")
    with pytest.raises(WarehouseError, match="column note holds bytes that") as caught:
        shop.land()
    assert "Ann" not in str(caught.value)


def test_parquet_files_of_other_types_are_not_read_as_the_first_one(shop):
    """DuckDB by itself would read all files as the first one's types."""
    shop.export_parquet("sales_1.parquet", PARQUET)
    shop.export_parquet(
        "sales_2.parquet", PARQUET.replace("1 as id", "1.6::double as id")
    )
    with pytest.raises(WarehouseError, match="sales_2.parquet: line 1, column id"):
        shop.land()


def test_a_truth_value_is_no_number(shop):
    shop.export_parquet("sales.parquet", PARQUET.replace("1 as id", "true as id"))
    with pytest.raises(WarehouseError, match="column id: not a value of type bigint"):
        shop.land()


def test_large_amounts_are_exact(shop):
    types = {"id": "bigint", "amount": "decimal(38, 2)", "note": "varchar"}
    amounts = [Decimal("100000000000000000000000.01"), Decimal("-90071992547409.93")]
    rows = [f"{n},{amount},x" for n, amount in enumerate(amounts)]
    shop.export("sales.csv", text(rows))
    shop.export("sales_2.csv", text([f"7,{amounts[0]},x", "8,1e0,x", "9,2e-20,x"]))
    table = {"columns": columns(types)}
    shop.land(**table)
    landed = [amount for (amount,) in shop.rows("amount", SALES, **table)]
    assert landed[:3] == [*amounts, amounts[0]]


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ("3.999::double", "amount"),
        ("'3.999'", "amount"),
        ("3.999::decimal(9, 3)", "amount"),
        ("3.99::double", None),
        ("0.1::double + 0.2::double", None),
        ("'3.99'", None),
        ("3.990::decimal(9, 3)", None),
        ("99999999999999999999::hugeint", "amount"),
    ],
)
def test_money_in_parquet_is_not_rounded(shop, value, broken):
    shop.export_parquet(
        "sales.parquet",
        f"select range as id, {value} as amount, 'x' as note from range(1)",
    )
    (load,) = shop.land(max_rejects=0.99) if broken is None else (None,)
    if broken is None:
        assert load.rows_rejected == 0
        return
    with pytest.raises(WarehouseError, match=f"line 1, column {broken}"):
        shop.land()


@pytest.mark.parametrize("nested", [False, True])
def test_decimals_that_duckdb_would_misread_are_refused(shop, nested):
    wide = pa.array([Decimal("1.5")], pa.decimal256(50, 2))
    table = {"id": pa.array([1]), "amount": wide, "note": pa.array(["x"])}
    if nested:
        table |= {
            "amount": pa.array([1]),
            "list": pa.ListArray.from_arrays([0, 1], wide),
        }
    pq.write_table(pa.table(table), shop.folder / "sales.parquet")
    column = "list" if nested else "amount"
    with pytest.raises(WarehouseError, match=f"column {column} holds decimals of more"):
        shop.land()


def test_decimals_of_38_digits_are_exact(shop):
    amount = pa.array([Decimal("1.5")], pa.decimal128(38, 2))
    table = {"id": pa.array([1]), "amount": amount, "note": pa.array(["x"])}
    pq.write_table(pa.table(table), shop.folder / "sales.parquet")
    shop.land()
    assert shop.rows("amount") == [(Decimal("1.50"),)]


@pytest.mark.parametrize(
    ("value", "broken"), [("1.6::double", True), ("2::double", False)]
)
def test_a_fraction_is_no_whole_number(shop, value, broken):
    shop.export_parquet(
        "sales.parquet",
        f"select {value} as id, 1.00 as amount, 'x' as note from range(1)",
    )
    if broken:
        with pytest.raises(WarehouseError, match="line 1, column id"):
            shop.land()
    else:
        assert shop.land()[0].rows_loaded == 1


TIMES = {
    "2017-06-01 10:00:00": "2017-06-01 10:00:00",
    "2017-06-01T10:00:00": "2017-06-01 10:00:00",
    "2017-06-01": "2017-06-01 00:00:00",
    # Berlin is two hours ahead of UTC in summer, one in winter.
    "2017-06-01T10:00:00Z": "2017-06-01 12:00:00",
    "2017-12-01T10:00:00.250Z": "2017-12-01 11:00:00.25",
    "2017-06-01 10:00:00+02": "2017-06-01 10:00:00",
    "2017-06-01 10:00:00-05:00": "2017-06-01 17:00:00",
    # As Shopify writes it, and others that leave out what ISO 8601 lets them.
    "2017-06-01 10:00:00 +0100": "2017-06-01 11:00:00",
    "2017-06-01T10:00:00+0530": "2017-06-01 06:30:00",
    "2017-06-01 10:00:00.5-0330": "2017-06-01 15:30:00.5",
    "2017-06-01 10:00:00 +01": "2017-06-01 11:00:00",
    "2017-06-01 10:00:00 +01:00": "2017-06-01 11:00:00",
    "2017-06-01 10:00:00 Z": "2017-06-01 12:00:00",
    "2017-06-01T10:00:00z": "2017-06-01 12:00:00",
    "2017-06-01 10:00+0100": "2017-06-01 11:00:00",
    "2017-06-01T10:00Z": "2017-06-01 12:00:00",
    # As columns of fixed width are exported.
    "2017-06-01T10:00:00Z  ": "2017-06-01 12:00:00",
    "2017-06-01 10:00:00.1230000": "2017-06-01 10:00:00.123",
    "2017-06-01 10:00:00.1234567": None,
    "2017-06-01 10:00:00 UTC": None,
    "2017-06-01 10:00:00+02:00:30": None,
    "2017-06-01 10:00:00+2561": None,
    "2017-06-01 10:00:00 +25:00": None,
    "2017-06-01 10:00:00+01:60": None,
    "2017-06-01 10:00:00+010": None,
    "2017-06-01 24:00:00": None,
    "17-06-01": None,
    "01-06-17": None,
    "epoch": None,
    "infinity": None,
    "yesterday": None,
}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("written", TIMES)
def test_a_time_lands_as_the_sources_clocks_showed_it(
    shop, monkeypatch, written, ending, zone
):
    monkeypatch.setenv("TZ", zone)
    types = {"id": "bigint", "amount": "decimal(12, 2)", "paid_at": "timestamp"}
    table = {"columns": columns(types), "timezone": "Europe/Berlin"}
    if ending == "csv":
        shop.export("sales.csv", f"id,amount,paid_at\n1,1.00,{written}\n")
    else:
        shop.export_parquet(
            "sales.parquet", f"select 1 as id, 1.00 as amount, '{written}' as paid_at"
        )
    if TIMES[written] is None:
        with pytest.raises(WarehouseError, match="column paid_at: not a value"):
            shop.land(**table)
        return
    shop.land(**table)
    assert shop.rows("paid_at::varchar", SALES, **table) == [(TIMES[written],)]


def test_a_parquet_moment_lands_as_the_sources_clocks_showed_it(shop):
    types = {"id": "bigint", "amount": "decimal(12, 2)", "paid_at": "timestamp"}
    table = {"columns": columns(types), "timezone": "Europe/Berlin"}
    shop.export_parquet(
        "sales.parquet",
        "select 1 as id, 1.00 as amount, timestamptz '2017-06-01 10:00:00Z' as paid_at",
    )
    shop.land(**table)
    rows = shop.rows("paid_at::varchar", SALES, **table)
    assert rows == [("2017-06-01 12:00:00",)]


@pytest.mark.parametrize("offset", ["Z", " +0000"])
def test_a_moment_that_clocks_show_twice_is_refused(shop, offset):
    """Both would be half past two, and nobody could tell them apart again."""
    moments = ["2017-10-29 00:30:00", "2017-10-29 01:30:00", "2017-10-29 02:30:00"]
    rows = [f"{n},1.00,{moment}{offset}\n" for n, moment in enumerate(moments)]
    shop.export("sales.csv", "id,amount,paid_at\n" + "".join(rows))
    types = {"id": "bigint", "amount": "decimal(12, 2)", "paid_at": "timestamp"}
    table = {"columns": columns(types), "max_rejects": 0.5}
    shop.land(timezone="Europe/Berlin", **table)
    (reject,) = rejects(shop, 1)
    assert "Europe/Berlin show twice a year" in reject["reason"]
    # The mended contract takes it in.
    shop.land(timezone="UTC", **table)
    shown = shop.rows("paid_at::varchar", SALES, timezone="UTC", **table)
    assert shown == [(moment,) for moment in moments]


def test_parquet_text_that_is_not_marked_as_text_is_text(shop):
    shop.export_parquet(
        "sales.parquet", PARQUET.replace("'x' as", "encode('Müller') as")
    )
    shop.land()
    assert shop.rows("note") == [("Müller",)]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_folders_name_is_no_column(shop, ending):
    folder = shop.folder / "note=HIVE"
    folder.mkdir()
    if ending == "csv":
        (folder / "sales.csv").write_bytes(text(["1,1.00,x", "2,+1,y"]))
    else:
        shop.export_parquet("note=HIVE/sales.parquet", PARQUET)
    table = {"export": f"shop/*/sales*.{ending}"}
    shop.land(**table)
    assert "HIVE" not in {note for (note,) in shop.rows("note", SALES, **table)}


@pytest.mark.parametrize(
    ("type_", "written", "lands"),
    [
        ("date", "2017-01-01", True),
        ("date", "2017-01-01 00:00:00", True),
        ("date", "2017-01-01 13:00:00", False),
        ("date", "infinity", False),
        ("double", "1e300", True),
        ("double", "nan", False),
        ("double", "-inf", False),
        ("integer", "5001.0", True),
        ("integer", "3000000000", False),
        ("bigint", "1e2", False),
    ],
)
def test_a_value_is_of_its_type_or_refused(shop, type_, written, lands):
    types = {"id": "bigint", "amount": "decimal(12, 2)", "extra": type_}
    shop.export("sales.csv", f"id,amount,extra\n1,1.00,{written}\n")
    if lands:
        assert shop.land(columns=columns(types))[0].rows_loaded == 1
    else:
        with pytest.raises(WarehouseError, match=f"column extra: not a .* {type_}"):
            shop.land(columns=columns(types))


@pytest.mark.parametrize("type_", ["date", "timestamp"])
@pytest.mark.parametrize("word", ["infinity", "-infinity", "epoch"])
def test_a_word_is_no_date_where_dates_are_written_otherwise(shop, type_, word):
    written = Column("extra", type_, False, None, "%d.%m.%Y")
    shop.export("sales.csv", f"id,amount,note,extra\n1,1.00,x,{word}\n")
    with pytest.raises(WarehouseError, match=f"column extra: not a .* {type_}"):
        shop.land(columns=(*SALES.columns, written))


def test_whole_numbers_beyond_doubles_are_exact(shop):
    ids = [2**53 + 1, 2**63 - 1, -(2**63)]
    shop.export("sales.csv", text([f"{id_},1.00,x" for id_ in ids]))
    shop.export_parquet(
        "sales_2.parquet", f"select {2**53 + 3} as id, 1.00 as amount, 'x' as note"
    )
    shop.land()
    assert [id_ for (id_,) in shop.rows("id")] == [*ids, 2**53 + 3]


@pytest.mark.parametrize(
    "text_",
    ["1.15", "2.675e2", "-0.01", "0.285e1", "9999999999.99", "1", "1e-15", ".5"],
)
def test_money_lands_as_it_is_written(shop, text_):
    shop.export("sales.csv", text([f"1,{text_},x"]))
    shop.land()
    ((amount,),) = shop.rows("amount")
    assert amount == round(Decimal(text_), 2)


@pytest.mark.parametrize("moment", ["2917-12-30 10:00:00", "0017-12-30", "infinity"])
def test_a_row_known_at_no_possible_time_is_refused(shop, moment):
    types = {"id": "bigint", "amount": "decimal(12, 2)", "paid_at": "timestamp"}
    rows = [f"{n},1.00,2026-01-01 10:00:00" for n in range(150)]
    lines = "".join(f"{row}\n" for row in [*rows, f"9,1.00,{moment}", "10,1.00,"])
    shop.export("sales.csv", "id,amount,paid_at\n" + lines)
    (load,) = shop.land(columns=columns(types), known_at="paid_at", max_rejects=0.01)
    assert (load.rows_loaded, load.rows_rejected) == (151, 1)
    assert [r["reason"] for r in rejects(shop, 1)] == ["before 1970 or in the future"]
