"""Large CSV files land in pieces as they would at once, wherever they are cut."""

import gzip
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from dbt_models import WarehouseError
from ingest.contracts.formats import Format
from ingest.readers import csv_pieces, csv_sift
from ingest.readers.csv_records import begin, records
from ingest.readers.dialects import Dialect
from tests.ingest.readers.test_csv_files import random_csv
from tests.ingest.shop import REQUIRED, Shop, rejects, text

_AT_ONCE = 1 << 30
_ROWS = [f'{n},{n}.50,"note ""{n}"", of\n{n} lines"' for n in range(1, 60)]
_PLAIN = [f"{n},{n}.50,note {n}" for n in range(1, 60)]


def outcome(data: Path, files: dict[str, bytes], **changes: object) -> tuple:
    """Return all that is to be known of what became of the files."""
    shop = Shop(data)
    for name, content in files.items():
        shop.export(name, content)
    changes = {"max_rejects": 1, **changes}
    (load,) = shop.land(REQUIRED, **changes)
    refused = rejects(shop, 1) if load.rows_rejected else []
    columns = "id, amount, note, _file_id, _row_number"
    return load.files, refused, shop.rows(columns, REQUIRED, **changes)


def same_in_pieces(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, bytes],
    size: int,
    **changes: object,
) -> tuple:
    monkeypatch.setattr(csv_pieces, "SIZE", _AT_ONCE)
    at_once = outcome(tmp_path / "at_once", files, **changes)
    monkeypatch.setattr(csv_pieces, "SIZE", size)
    in_pieces = outcome(tmp_path / "in_pieces", files, **changes)
    assert in_pieces == at_once
    return at_once


def broken(row: str, *places: int, rows: list[str] = _ROWS) -> bytes:
    rows = [*rows]
    for place in sorted(places, reverse=True):
        rows.insert(place, row)
    return text(rows)


def ended(content: bytes) -> bytes:
    """Return the file with a delimiter at the end of the header and of its rows."""
    header, _, rows = content.partition(b"\n")
    whole = rows.replace(b'lines"\n', b'lines",\n')
    return header + b",\n" + whole


CASES = {
    "at the beginning": broken("x,1,a", 0),
    "at the end": broken("x,1,a", len(_ROWS)),
    "everywhere": broken("x,1,a", *range(len(_ROWS))),
    "without quotes": broken("x,1,a", 9, 30, rows=_PLAIN),
    "an empty key": broken(",1,a", 9, 30),
    "too few columns": broken("1,2", 9, 30),
    "too many columns": broken("1,2,3,4", 9, 30),
    "never closed": broken('7,1,"open', 9, 40, rows=_PLAIN),
    "closed by the next quote": broken('7,1,"open', 9, 40),
    "never closed, in the last row": broken('7,1,"open', len(_ROWS)),
    "text behind the quote": broken('7,1,"a"b', 9, 40),
    "an inch": broken('7,1,5" nail', 9, 40),
    "an inch and a broken row": broken('x,1,5" nail', 9, 40),
    "a stray carriage return": broken("7,1,a\rb", 9, 40),
    "carriage returns": broken("x,1,a", 9, 40).replace(b"\n", b"\r\n"),
    "blank lines": broken("\n\nx,1,a\n", 0, 9, 40),
    "a byte order mark": b"\xef\xbb\xbf" + broken("x,1,a", 9, 40),
    "one at the beginning of rows": broken("\ufeff7,1,a", 9, 40),
    "what a workbook begins with": broken("PK\x03\x04,1,a", *range(0, 59, 3)),
    "no UTF-8": broken("7,1,é", 9, 40).decode().encode("latin-1"),
    "no line break at the end": broken("x,1,a", 9, 40).rstrip(b"\n"),
    "a time of its own zone": broken("7.0,1,a", 9, 40),
    "a long row": broken("7,1," + "long " * 500, 9, 40) + b"x,1,a\n",
    "a long quoted row": broken('x,1,"' + "long\n" * 500 + '"', 9, 40),
    "in a file of nothing else": text(["x,1,a"] * 30),
    "a value without a name": ended(broken("7,1,a,b", 9, 40)),
    "delimiters at the end of rows": broken(
        "x,1,a,", 9, 40, rows=[f"{row}," for row in _ROWS]
    ),
    "blanks in the header": broken("x,1,a", 9, 40).replace(
        b"id,amount,note", b'"id" , amount, "note"'
    ),
}


@pytest.mark.parametrize("size", [40, 300, 1_700])
@pytest.mark.parametrize("case", CASES)
def test_pieces_land_as_the_file_would_at_once(tmp_path, monkeypatch, case, size):
    files, refused, rows = same_in_pieces(
        tmp_path, monkeypatch, {"sales.csv": CASES[case]}, size
    )
    assert refused or case in {"an inch", "a time of its own zone"}
    assert files[0].rows_read == len(rows) + len({line["line"] for line in refused})


def test_a_broken_row_may_stand_at_any_edge(tmp_path, monkeypatch):
    files = {"sales.csv": broken("x,1,a", 6)}
    for size in range(150, 260, 3):
        same_in_pieces(tmp_path / str(size), monkeypatch, files, size)


def test_only_the_piece_with_the_broken_row_is_sifted(tmp_path, monkeypatch):
    sifted = []
    sift = csv_sift.sift
    monkeypatch.setattr(
        csv_sift, "sift", lambda path, *rest: sifted.append(path) or sift(path, *rest)
    )
    monkeypatch.setattr(csv_pieces, "SIZE", 300)
    files, *_ = outcome(tmp_path, {"sales.csv": broken("x,1,a", 30)})
    assert files[0].rows_read == 60
    assert len(sifted) == 1


def test_packed_files_and_small_ones_beside_large_ones(tmp_path, monkeypatch):
    large, small = broken("x,1,a", 9, 40), broken("x,1,a", 1, rows=_ROWS[:2])
    files = {
        "sales_1.csv": small,
        "sales_2.csv": small,
        "sales_3.csv": large,
        "sales_4.csv.gz": gzip.compress(large),
        "sales_5.csv": small,
        "sales_6.csv": text(_PLAIN),
    }
    same_in_pieces(tmp_path, monkeypatch, files, 300)


DIALECTS = {
    "no header": ({"header": False}, lambda x: x.partition(b"\n")[2]),
    "lines to skip": ({"skip_lines": 2}, lambda x: b'of "our shop\n\n' + x),
    "no quotes": ({"quote": ""}, lambda x: x),
    "semicolons": ({"delimiter": ";"}, lambda x: x.replace(b",", b";")),
    "two bytes": ({"delimiter": "||"}, lambda x: x.replace(b",", b"||")),
}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("rows", [_ROWS, _PLAIN], ids=["quoted", "plain"])
def test_files_of_any_dialect_come_in_pieces(tmp_path, monkeypatch, name, rows):
    given, make = DIALECTS[name]
    content = make(broken("x,1,a", 9, 40, rows=rows))
    format_ = replace(REQUIRED.format, **given)
    files = {"sales.csv": content}
    same_in_pieces(tmp_path, monkeypatch, files, 300, format=format_)


def test_pieces_are_whole_records_whatever_is_broken(tmp_path, monkeypatch):
    random = Random(7)
    for number in range(300):
        content = "".join(
            random_csv(random) if random.random() < 0.7 else random.choice('",\n\r')
            for _ in range(random.randrange(1, 12))
        ).encode()
        path = tmp_path / "random.csv"
        path.write_bytes(content + b"end")
        size = random.randrange(1, 80)
        monkeypatch.setattr(csv_pieces, "SIZE", size)
        dialect = Dialect(names=("a", "b"))
        found = []
        for piece, line in csv_pieces.pieces(path, dialect, 2, tmp_path):
            part = piece.read_bytes()
            at = begin(part, Dialect())
            header, *rows = records(part, Dialect(), *at)
            assert header.content == b"x,x"
            found += [(r.line + line - 2, r.content, bool(r.flaw)) for r in rows]
        whole = path.read_bytes()
        start = begin(whole, dialect)
        assert found == [
            (r.line, r.content, bool(r.flaw)) for r in records(whole, dialect, *start)
        ], (number, size, content)


def test_a_header_that_is_no_csv_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_pieces, "SIZE", 40)
    content = b'id,amount,"note\n' + text(["x,1,a"] * 30)
    with pytest.raises(WarehouseError, match=r"exports/shop/sales\.csv: "):
        outcome(tmp_path, {"sales.csv": content})


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("quote", ['"', ""])
def test_a_file_without_rows_is_a_delivery(shop, monkeypatch, header, quote):
    monkeypatch.setattr(csv_pieces, "SIZE", 8)
    said = Format(header=header, quote=quote, skip_lines=2)
    above = 'a report of "sales\nof 2026\n'
    shop.export("sales.csv", above + ("id,amount,note\n" if header else ""))
    (load,) = shop.land(format=said)
    assert [(f.rows_read, f.rows_loaded) for f in load.files] == [(0, 0)]
