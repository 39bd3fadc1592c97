"""The quarantine: broken rows are kept apart, all others land, nothing is lost."""

import gzip
import stat
from dataclasses import replace
from decimal import Decimal
from random import Random

import pyarrow.parquet as pq
import pytest

from dbt_models import WarehouseError
from ingest import csv_files
from ingest.ledger import open_rejects
from ingest.quarantine import quarantine_file
from tests.ingest.shop import SALES, columns

HEADER = "id,amount,note\n"
GOOD = [f"{n},{n}.50,note {n}" for n in range(1, 200)]
LENIENT = {"max_rejects": 0.05}

# What takes the place of the 100th row; the column and the reason it is refused for.
BROKEN = {
    "wrong type": (b"100,much,x", "amount", "not a value of type decimal(12, 2)"),
    "a digit too many": (
        b"100,3.999,x",
        "amount",
        "not a value of type decimal(12, 2)",
    ),
    "less than a cent": (
        b"100,0.004,x",
        "amount",
        "not a value of type decimal(12, 2)",
    ),
    "no number": (b"100,nan,x", "amount", "not a value of type decimal(12, 2)"),
    "endless": (b"100,-inf,x", "amount", "not a value of type decimal(12, 2)"),
    "too much money": (b"100,1e13,x", "amount", "not a value of type decimal(12, 2)"),
    "half a number": (b"1.5,1.00,x", "id", "not a value of type bigint"),
    "hexadecimal": (b"0x10,1.00,x", "id", "not a value of type bigint"),
    "underscore": (b"1_000,1.00,x", "id", "not a value of type bigint"),
    "too large": (b"99999999999999999999,1,x", "id", "not a value of type bigint"),
    "short": (b"100,1.00", None, "fewer columns than the header"),
    "long": (b"100,1.00,x,y,z", None, "more columns than the header"),
    "one cell": (b"100", None, "fewer columns than the header"),
    "unclosed quote": (b'100,1.00,"x', None, "badly quoted"),
    "text after a quote": (b'100,1.00,"x"y', None, "badly quoted"),
    "not utf-8": (b"100,1.00,M\xfcller", "note", "not UTF-8"),
    "required, empty": (b",1.00,x", "id", "empty, but required"),
    "required, quoted empty": (b'"",1.00,x', "id", "empty, but required"),
    "stray line break": (b"100,1.00,x\ry", None, "a stray line break"),
    "far too long": (
        b"100,1.00," + b"x" * 2_200_000,
        None,
        "longer than can be read (2 MB)",
    ),
}
REQUIRED = replace(
    SALES,
    columns=(replace(SALES.columns[0], required=True), *SALES.columns[1:]),
    **LENIENT,
)


def text(rows: list[bytes | str]) -> bytes:
    lines = (row if isinstance(row, bytes) else row.encode() for row in rows)
    return HEADER.encode() + b"".join(line + b"\n" for line in lines)


def rejects(shop, load_id: int | None = None) -> list[dict]:
    path = quarantine_file(shop.deployment, "shop.sales", load_id)
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_is_kept_apart(shop, case, ending):
    row, column, reason = BROKEN[case]
    content = text([*GOOD[:99], row, *GOOD[100:]])
    name = f"sales.{ending}"
    shop.export(name, gzip.compress(content) if ending == "csv.gz" else content)
    (load,) = shop.land(REQUIRED)
    (file,) = load.files
    assert (file.rows_read, file.rows_loaded, file.rows_rejected) == (199, 198, 1)
    (reject,) = rejects(shop, 1)
    assert reject == {
        "file": f"shop/{name}",
        "line": 101,
        "column_name": column,
        "reason": reason,
        "text": row.decode("utf-8", "backslashreplace"),
    }
    ids = [id_ for (id_,) in shop.rows("id", REQUIRED)]
    assert ids == [n for n in range(1, 200) if n != 100]
    assert shop.query("select column_name, reason, row_count from ops.rejects") == [
        (column, reason, 1)
    ]


def test_every_row_of_a_file_full_of_flaws_is_accounted_for(shop):
    """Rows read, loaded and refused agree, whatever is broken where."""
    random = Random(5)
    kinds = [row for row, _, _ in BROKEN.values() if len(row) < 1_000]
    for number in range(20):
        rows = [*GOOD]
        for place in random.sample(range(len(rows)), 15):
            rows[place] = random.choice(kinds)
        shop.export(f"sales_{number:02}.csv", text(rows))
    (load,) = shop.land(REQUIRED, max_rejects=0.5)
    for file in load.files:
        assert (file.rows_read, file.rows_rejected) == (199, 15), file.path
        assert file.rows_loaded == 184


def test_an_unclosed_quote_in_a_large_file_costs_one_row(shop, monkeypatch):
    """DuckDB by itself would skip on to its next buffer, thousands of rows."""
    rows = [f"{n},1.00,some note of row {n}" for n in range(300_000)]
    rows[150_000] = '150000,1.00,"open'
    shop.export("sales.csv", text(rows))
    (load,) = shop.land(REQUIRED)
    assert (load.rows_loaded, load.rows_rejected) == (299_999, 1)


def test_rows_with_a_quote_inside_are_whole(shop):
    rows = [*GOOD, '200,1.00,5" nail', '201,1.00,6" and 7"', "202,1.00,x"]
    shop.export("sales.csv", text(rows))
    (load,) = shop.land()
    assert (load.rows_loaded, load.rows_rejected) == (202, 0)
    assert shop.rows("note")[199:] == [('5" nail',), ('6" and 7"',), ("x",)]


def test_line_breaks_of_both_kinds_are_no_flaw(shop):
    content = text(GOOD).replace(b"\n", b"\r\n", 50)
    shop.export("sales.csv", content)
    (load,) = shop.land()
    assert (load.rows_loaded, load.rows_rejected) == (199, 0)


def test_a_row_may_break_the_contract_twice_and_counts_once(shop):
    shop.export("sales.csv", text([*GOOD, "x,3.999,y"]))
    (load,) = shop.land(REQUIRED)
    assert load.rows_rejected == 1
    assert [reject["column_name"] for reject in rejects(shop, 1)] == ["id", "amount"]


def test_parquet_rows_are_kept_apart_too(shop):
    shop.export_parquet(
        "sales.parquet",
        """select
            case when range = 7 then null else range end as id,
            case when range = 9 then 'much' else '1.00' end as amount,
            'x' as note
        from range(300)""",
    )
    (load,) = shop.land(REQUIRED)
    assert (load.rows_loaded, load.rows_rejected) == (298, 2)
    assert [(r["line"], r["column_name"]) for r in rejects(shop, 1)] == [
        (8, "id"),
        (10, "amount"),
    ]
    assert rejects(shop, 1)[1]["text"] == '{"id":9,"amount":"much","note":"x"}'
    assert len(shop.rows("id", REQUIRED)) == 298


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


def test_only_the_broken_file_of_many_is_sifted(shop, monkeypatch):
    for number in range(4):
        rows = [f"{number}000,1.00,x", *GOOD[1:]]
        rows += ["x,1.00,y"] if number == 2 else []
        shop.export(f"sales_{number}.csv", text(rows))
    sifted = []
    sift = csv_files.sift
    monkeypatch.setattr(
        csv_files, "sift", lambda path, *rest: sifted.append(path) or sift(path, *rest)
    )
    (load,) = shop.land(REQUIRED)
    assert [path.name for path in sifted] == ["sales_2.csv"]
    assert [file.rows_loaded for file in load.files] == [199] * 4
    shop.show(REQUIRED)
    assert shop.query(
        """select _file_id, min(_row_number), max(_row_number), count(*)
        from raw_shop.sales group by all order by all"""
    ) == [(file_id, 1, 199, 199) for file_id in range(1, 5)]


@pytest.mark.parametrize(("broken", "lands"), [(1, True), (2, True), (3, False)])
def test_above_the_contracts_limit_the_load_fails(shop, broken, lands):
    shop.export("sales.csv", text([*GOOD[:-1], *["x,1.00,secret"] * broken]))
    shop.export("sales_2.csv", text([]))
    if lands:
        (load,) = shop.land(max_rejects=0.01)
        assert load.rows_rejected == broken
        return
    with pytest.raises(WarehouseError) as caught:
        shop.land(max_rejects=0.01)
    message = str(caught.value)
    assert "exports/shop/sales.csv: line 200, column id" in message
    assert "3 of 201 rows" in message
    assert "1.0%" in message
    assert "crm rejects" in message
    assert "secret" not in message
    assert shop.loads() == []
    assert len(rejects(shop)) == 3


def test_a_load_that_succeeds_forgets_the_try_that_failed(shop):
    shop.export("sales.csv", text(["x,1.00,y"]))
    with pytest.raises(WarehouseError):
        shop.land()
    failed = quarantine_file(shop.deployment, "shop.sales")
    assert failed.exists()
    shop.export("sales.csv", text(GOOD))
    shop.land()
    assert not failed.exists()


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


def test_what_a_run_killed_while_sifting_left_goes(shop):
    left = shop.deployment.restricted / "sifting" / "0"
    left.mkdir(parents=True)
    (left / "text.csv").write_text("of a run that was killed")
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED)
    assert not left.parent.exists()


def test_broken_files_are_sifted_where_only_their_owner_looks(shop, monkeypatch):
    folders = []
    sift = csv_files.sift
    monkeypatch.setattr(
        csv_files, "sift", lambda *given: folders.append(given[-1]) or sift(*given)
    )
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED)
    assert all(shop.deployment.restricted in path.parents for path in folders)
    assert folders


@pytest.mark.parametrize(("row", "column"), [(",1.00,x", "id"), ("200,,x", "amount")])
def test_a_key_and_an_amount_are_required_without_saying_so(shop, row, column):
    shop.export("sales.csv", text([*GOOD, row]))
    (load,) = shop.land(SALES, **LENIENT)
    assert load.rows_rejected == 1
    assert [r["column_name"] for r in rejects(shop, 1)] == [column]


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
        order by _delivered_at desc, _file_id desc limit 1"""
    assert shop.query(newest) == [("later",)]


def test_a_later_snapshot_closes_what_an_earlier_one_left_open(shop):
    snapshot = {"delivery": "snapshot"}
    shop.export("sales_2026-01-01.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED, **snapshot)
    assert len(open_rejects(shop.loads())) == 1
    shop.export("sales_2026-01-02.csv", text([*GOOD, "200,1.00,y"]))
    shop.land(REQUIRED, **snapshot)
    assert open_rejects(shop.loads()) == []


def test_the_quarantine_is_for_its_owner_only(shop):
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED)
    mode = shop.deployment.restricted.stat().st_mode
    assert stat.S_IMODE(mode) == 0o700


def test_what_a_killed_run_left_in_the_quarantine_is_not_shown(shop):
    left = quarantine_file(shop.deployment, "shop.sales", 1)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"PAR1 of a run that was killed")
    shop.export("sales.csv", text(GOOD))
    shop.land()
    assert not left.exists()


def test_nothing_of_the_rows_is_in_the_ledger_or_the_build(shop):
    shop.export("sales.csv", text([*GOOD, "x,1.00,secret", '200,1.00,"secret']))
    (load,) = shop.land(REQUIRED)
    shop.show(REQUIRED)
    for path in (load.folder(shop.deployment.raw), shop.deployment.build):
        for file in path.rglob("*"):
            assert b"secret" not in file.read_bytes(), file
