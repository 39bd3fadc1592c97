"""Files that are not what their contract says: refused, and nothing is kept."""

import gzip
import io
import warnings
import zipfile
from random import Random

import pytest

from dbt_models import WarehouseError
from ingest.readers import json_files
from tests.ingest.shop import SALES, TYPES, Shop, columns

HEADER = "id,amount,note\n"
GOOD = HEADER + "1,1.00,a\n2,2.00,b\n"
RANDOM = Random(1)
# Cells at random, so that the compressed text breaks off in the middle of a line.
LONG = HEADER + "".join(f"{n},{RANDOM.random():.2f},x\n" for n in range(5_000))
GZ = gzip.compress(LONG.encode())
PARQUET = "select 1 as id, 1.00 as amount, 'a' as note"

# File name, content (a query makes a Parquet file), words of the message.
BAD = {
    "column missing": ("csv", "id,note\n1,a\n", "header|amount is missing|id, note"),
    "column doubled": ("csv", "id,amount,note,id\n1,1,a,1\n", "header|twice"),
    "column doubled but for case": (
        "csv",
        "id,amount,note,Note\n1,1,a,b\n",
        "header|note and Note|case only",
    ),
    "value without a name": (
        "csv",
        "id,amount,note,\n1,1,a,\n2,1,a,x\n",
        "line 3|column 4 (no name)|no name in the header|1 of 2 rows",
    ),
    "other delimiter": (
        "csv",
        "id;amount;note\n1;1;a\n",
        "header|id;amount;note|delimiter: ';'",
    ),
    "no header": (
        "csv",
        "1,1.00,a\n2,2.00,b\n",
        "header|none of its 3 fields|header: false",
    ),
    "zero bytes": ("csv", b"", "empty"),
    "zero bytes, gz": ("csv.gz", b"", "empty"),
    "zero bytes, parquet": ("parquet", b"", "empty"),
    "nothing in the gz": ("csv.gz", gzip.compress(b""), "header|amount"),
    "gz that is not gz": ("csv.gz", GOOD.encode(), "Not a gzipped file"),
    "csv that is gz": ("csv", GZ, "it is gzipped"),
    "gz cut in half": ("csv.gz", GZ[: len(GZ) // 2], "packed data|cut off"),
    "gz cut at the end": ("csv.gz", GZ[:-4], "packed data|cut off"),
    "gz damaged": ("csv.gz", GZ[:-8] + b"\0" + GZ[-7:], "packed data|damaged"),
    "csv that is parquet": ("csv", b"PAR1" + bytes(99), "Parquet"),
    "csv that is a zip": ("csv", b"PK\x03\x04" + bytes(99), "zip|Excel"),
    "csv that is a pdf": ("csv", b"%PDF-1.7\n%\xe2\xe3\n", "PDF"),
    "csv that is binary": ("csv", bytes(range(256)), "binary"),
    "utf-16 without its mark": ("csv", GOOD.encode("utf-16-le"), "binary"),
    "utf-16 cut off": ("csv", GOOD.encode("utf-16")[:-1], "not utf-16 throughout"),
    "workbook cut off": ("xlsx", b"PK\x03\x04" + bytes(99), "or damaged"),
    "archive cut off": ("zip", b"PK\x03\x04" + bytes(99), "or damaged"),
    "zst that is csv": ("csv.zst", GOOD, "packed data|damaged"),
    "json that is csv": ("json", GOOD, "line 1|not a JSON object|3 of 3 rows"),
    "json cut off": ("json", '[{"id": 1, "amount": 1.00}, {"id"', "cut off"),
    "json gz damaged": (
        "json.gz",
        GZ[:-8] + b"\0" + GZ[-7:],
        "packed data|damaged",
    ),
    "unknown ending": ("doc", GOOD, "no reader|.csv|.parquet|format: kind"),
    "parquet that is csv": ("parquet", GOOD, "not a Parquet file"),
    "parquet cut off": ("parquet", b"PAR1" + bytes(99), "not a Parquet file"),
    "parquet without a column": (
        "parquet",
        "select 1 as id, 'a' as note",
        "header|amount is missing|id, note",
    ),
    "parquet with a wrong type": (
        "parquet",
        "select 1 as id, 'much' as amount, 'a' as note",
        "line 1|column amount|not a value of type decimal(12, 2)",
    ),
    "text for a number": ("csv", GOOD + "3,much,c\n", "line 4|column amount|decimal"),
    "text for a number, gz": (
        "csv.gz",
        GOOD + "x,3.00,c\n",
        "line 4|column id|bigint",
    ),
    "two wrong lines": (
        "csv",
        HEADER + "1,x,a\n2,2.00,b\n3,y,c\n",
        "line 2|column amount|2 of 3 rows",
    ),
    "number too large": ("csv", GOOD + f"{2**63},1.00,c\n", "line 4|column id"),
    "short line": ("csv", GOOD + "3,3.00\n", "line 4|fewer columns"),
    "long line": ("csv", GOOD + "3,3.00,c,d\n", "line 4|more columns"),
    "unclosed quote": ("csv", GOOD + '3,3.00,"c\n', "line 4|badly quoted|1 of 3 rows"),
    "two kinds of line ends": ("csv", GOOD + "3,3.00,c\r4,4.00,d\n", "line break"),
    "not utf-8": (
        "csv",
        HEADER.encode() + b"1,1.00,M\xfcller\n",
        "line 2|column note|UTF-8",
    ),
    "not utf-8, further down": (
        "csv",
        LONG.encode() + b"1,1.00,M\xfcller\n",
        "line 5002|column note|UTF-8",
    ),
}


def refusal(shop: Shop, name: str, **changes) -> str:
    """Land, and return the message, after a look that it is one and left nothing."""
    with pytest.raises(WarehouseError) as caught:
        shop.land(**changes)
    message = str(caught.value)
    assert f"exports/shop/{name}" in message
    assert "run again" in message
    assert str(shop.deployment.data) not in message
    assert shop.loads() == []
    left = list(shop.deployment.raw.glob("[!.]*/**/*"))
    assert not [path for path in left if path.is_file() or path.name[0].isdigit()]
    return message


def zipped(*names: str) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
        warnings.catch_warnings(action="ignore"),
    ):
        for name in names:
            archive.writestr(name, LONG)
    return target.getvalue()


def test_a_damaged_archive_is_refused_wherever_the_damage_is(shop):
    content = zipped("a.csv")
    choose = Random(2)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(3):
            damaged[choose.randrange(len(damaged))] = choose.randrange(256)
        shop.export("sales.zip", bytes(damaged))
        assert "its reader failed" not in refusal(shop, "sales.zip")


def test_an_archive_with_two_files_of_one_name_is_refused(shop):
    """Only the last of them could be opened."""
    shop.export("sales.zip", zipped("a.csv", "b.csv", "a.csv"))
    assert "several files of the name a.csv" in refusal(shop, "sales.zip")


def test_an_archive_that_says_csv_is_refused_as_one(shop):
    shop.export("sales.csv", zipped("a.csv"))
    assert "it is a zip archive" in refusal(shop, "sales.csv")


@pytest.mark.parametrize("fails", ["rows", "count_rows"])
def test_what_nobody_has_foreseen_refuses_the_file_without_its_words(
    shop, monkeypatch, fails
):
    def fail(*_):
        raise ZeroDivisionError("ann@shop.example")

    monkeypatch.setattr(json_files, fails, fail)
    shop.export("sales.json", '[{"id": 1, "amount": 1, "note": "x"}]')
    message = refusal(shop, "sales.json")
    assert "its reader failed with ZeroDivisionError" in message
    assert "ann@" not in message


def export(shop: Shop, name: str, content: str | bytes) -> None:
    if isinstance(content, str) and content.startswith("select"):
        shop.export_parquet(name, content)
    else:
        shop.export(name, content)


@pytest.mark.parametrize("text", ["1,ann@shop.example,x\n", "ann@shop.example\n"])
def test_what_may_be_a_row_of_data_is_not_repeated(shop, text):
    """Why a delivery was refused is published."""
    shop.export("sales.csv", text)
    assert "ann" not in refusal(shop, "sales.csv")


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused(shop, case):
    ending, content, words = BAD[case]
    export(shop, f"sales.{ending}", content)
    message = refusal(shop, f"sales.{ending}")
    for word in words.split("|"):
        assert word in message
    assert "select" not in message, "the user did not write SQL"


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("how", ["dangling link", "link to itself"])
def test_what_is_no_file_is_refused(shop, ending, how):
    path = shop.folder / f"sales.{ending}"
    path.symlink_to(path if how == "link to itself" else shop.folder / "gone")
    assert "cannot be read" in refusal(shop, path.name)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_bad_one_of_many_is_named(shop, ending):
    good = GOOD if ending == "csv" else PARQUET
    bad = GOOD + "3,much,c\n"
    if ending == "parquet":
        bad = "select 1 as id, 'much' as amount, 'a' as note"
    for number in range(4):
        export(shop, f"sales_{number}.{ending}", bad if number == 2 else good)
    message = refusal(shop, f"sales_2.{ending}", delivery="upsert")
    assert "column amount" in message
    assert "much" not in message, "the text may be personal"


def test_a_later_mistake_is_found_too(shop):
    shop.export("sales_1.csv", GOOD)
    shop.export("sales_2.csv", "note,amount,id\nc,3.00,3\nd,much,4\n")
    message = refusal(shop, "sales_2.csv")
    assert "line 3, column amount" in message


@pytest.mark.parametrize("word", ["amont", "sum(amount", "note"])
def test_a_wrong_control_amount_is_the_contracts_fault(shop, word):
    shop.export("sales.csv", GOOD)
    with pytest.raises(WarehouseError, match=r"shop\.sales.*control_amount"):
        shop.land(control_amount=word)
    assert shop.loads() == []


def test_a_contract_column_may_be_of_any_type(shop):
    types = {
        **TYPES,
        "flag": "boolean",
        "small": "integer",
        "rate": "double",
        "day": "date",
        "paid_at": "timestamp",
    }
    shop.export(
        "sales.csv",
        f"{','.join(types)}\n1,1.00,a,true,7,0.5,2026-07-01,2026-07-01 12:00:00\n"
        "2,2.00,,,,,,\n",
    )
    table = {"columns": columns(types)}
    shop.land(**table)
    listed = "amount, note, flag, small, rate, day::varchar, paid_at::varchar"
    assert [tuple(map(str, row)) for row in shop.rows(listed, SALES, **table)] == [
        ("1.00", "a", "True", "7", "0.5", "2026-07-01", "2026-07-01 12:00:00"),
        ("2.00", *("None",) * 6),
    ]
