"""The quarantine: broken rows are kept apart, all others land, nothing is lost."""

import gzip
import stat
from random import Random

import pytest

from dbt_models import WarehouseError
from ingest.contracts.formats import Format
from ingest.quarantine import quarantine_file
from ingest.readers import csv_sift
from tests.ingest.shop import GOOD, LENIENT, REQUIRED, SALES, columns, rejects, text

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
    "hexadecimal behind a blank": (b" 0x10,1.00,x", "id", "not a value of type bigint"),
    "two signs": (b"100,+-1,x", "amount", "not a value of type decimal(12, 2)"),
    "digits in groups": (
        b"100,5_005,x",
        "amount",
        "not a value of type decimal(12, 2)",
    ),
    "just too much": (
        b"100,10000000000,x",
        "amount",
        "not a value of type decimal(12, 2)",
    ),
    "too large": (b"99999999999999999999,1,x", "id", "not a value of type bigint"),
    "short": (b"100,1.00", None, "fewer columns than the header"),
    "long": (b"100,1.00,x,y,z", None, "more columns than the header"),
    "one cell": (b"100", None, "fewer columns than the header"),
    "unclosed quote": (b'100,1.00,"x', None, "badly quoted"),
    "text after a quote": (b'100,1.00,"x"y', None, "badly quoted"),
    "blank before a quote": (b'100,1.00, "x"', None, "badly quoted"),
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


def test_a_line_that_readers_end_elsewhere_hides_no_other(shop):
    """Arrow makes two rows of that line; the one without a key would make up for it."""
    rows = [*GOOD[4:], "1,1.00,a\r2,2.00,b", ",3.00,lost"]
    shop.export("sales.csv", text(rows))
    (load,) = shop.land(REQUIRED)
    assert (load.rows_loaded, load.rows_rejected) == (195, 2)
    assert {reject["reason"] for reject in rejects(shop, 1)} == {
        "a stray line break",
        "empty, but required",
    }


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


@pytest.mark.parametrize("skipped", [0, 1])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("inside", ["\n", "\r\n"])
@pytest.mark.parametrize("broken", ["2,much,x", "2,1.00", '2,1.00,"x'])
def test_a_line_break_in_the_first_row_ends_no_other(
    shop, broken, inside, end, skipped
):
    """Where there is no header, nothing else shows how lines end."""
    said = {"format": Format(header=False, skip_lines=skipped), "max_rejects": 0.5}
    rows = ["above"] * skipped + [f'1,1.00,"a{inside}b"', broken, "3,1e1,c", ""]
    shop.export("sales.csv", end.join(rows))
    (load,) = shop.land(**said)
    assert (load.rows_loaded, load.rows_rejected) == (2, 1)
    found = shop.rows("id, amount, note", **said)
    assert found == [(1, 1, f"a{inside}b"), (3, 10, "c")]
    (reject,) = rejects(shop, 1)
    assert reject["text"] == broken


def test_lines_of_one_field_without_header_are_told_apart(shop):
    said = {"format": Format(header=False), "key": (), "max_rejects": 0.5}
    said |= {"columns": columns({"id": "bigint"}), "control_amount": None}
    shop.export("sales.csv", '"1"\r\nx\r\n\r\n2\r\n')
    (load,) = shop.land(**said)
    assert shop.rows("id", **said) == [(1,), (2,)]
    assert load.rows_rejected == 1


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


def test_only_the_broken_file_of_many_is_sifted(shop, monkeypatch):
    for number in range(4):
        rows = [f"{number}000,1.00,x", *GOOD[1:]]
        rows += ["x,1.00,y"] if number == 2 else []
        shop.export(f"sales_{number}.csv", text(rows))
    sifted = []
    sift = csv_sift.sift
    monkeypatch.setattr(
        csv_sift, "sift", lambda path, *rest: sifted.append(path) or sift(path, *rest)
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


def test_what_a_run_killed_while_sifting_left_goes(shop):
    left = shop.deployment.restricted / "copies" / "0"
    left.mkdir(parents=True)
    (left / "text.csv").write_text("of a run that was killed")
    shop.export("sales.csv", text([*GOOD, "x,1.00,y"]))
    shop.land(REQUIRED)
    assert not left.parent.exists()


def test_broken_files_are_sifted_where_only_their_owner_looks(shop, monkeypatch):
    folders = []
    sift = csv_sift.sift
    monkeypatch.setattr(
        csv_sift, "sift", lambda *given: folders.append(given[-2]) or sift(*given)
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


@pytest.mark.parametrize("blank", ["", " ", " \u00a0"])
@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_blanks_are_no_key_whatever_kind_of_file_holds_them(shop, kind, blank):
    if kind == "csv":
        shop.export("sales.csv", f'id,amount,note\na,1,x\n"{blank}",2,y\n')
    elif kind == "json":
        records = (
            f'{{"id": "{key}", "amount": 1, "note": ""}}' for key in ("a", blank)
        )
        shop.export("sales.json", f"[{','.join(records)}]")
    else:
        rows = f"(values ('a'), ('{blank}')) as sales(id)"
        shop.export_parquet(
            "sales.parquet", f"select id, 1.5 as amount, '' as note from {rows}"
        )
    types = {"id": "varchar", "amount": "decimal(12, 2)", "note": "varchar"}
    shop.land(SALES, columns=columns(types), max_rejects=0.5)
    (reject,) = rejects(shop, 1)
    assert (reject["column_name"], reject["reason"]) == ("id", "empty, but required")


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
