"""CSV files: the header's columns and the independent count of records."""

import csv
import gzip
import io
from pathlib import Path
from random import Random

import pytest

from dbt_models import WarehouseError
from ingest.readers import csv_count
from ingest.readers.csv_files import CsvReader

# What a record may contain: separators, quotes, line breaks and more than one byte.
PIECES = [",", '"', "\n", "\r\n", "\r", "a", "ä", "€", " ", "", "12.50"]


def write(folder: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def random_csv(random: Random) -> str:
    """Return a valid file with odd cells, blank lines and either kind of break."""
    width = random.randint(1, 3)
    rows = []
    for _ in range(random.randint(1, 8)):
        cells = [
            "".join(random.choices(PIECES, k=random.randint(0, 4)))
            for _ in range(width)
        ]
        rows.append(",".join(_quoted(cell, width, random) for cell in cells))
        rows.extend([""] * random.choice([0, 0, 0, 1, 2]))
    breaks = random.choice([["\n"], ["\r\n"], ["\n", "\r\n"]])
    text = "".join(row + random.choice(breaks) for row in rows)
    return text.rstrip("\r\n") if random.random() < 0.3 else text


def _quoted(cell: str, width: int, random: Random) -> str:
    must = any(c in cell for c in ',"\r\n') or (width == 1 and not cell)
    if must or random.random() < 0.2:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def names_of(path: Path) -> list[str]:
    return [name for name, _ in CsvReader().columns(path)]


def records_by_python(text: str) -> int:
    return sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) - 1


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 16, 1 << 20])
def test_counts_like_pythons_csv(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(csv_count, "_CHUNK", chunk)
    random = Random(chunk)
    for number in range(300):
        text = random_csv(random)
        name = "x.csv.gz" if number % 10 == 0 else "x.csv"
        counted = CsvReader().count_rows(write(tmp_path, text, name))
        assert counted == records_by_python(text), (number, text)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b", 0),
        ("a,b\n", 0),
        ("a,b\r\n", 0),
        ("a,b\n\n\n", 0),
        ("a,b\n1,2", 1),
        ("a,b\n1,2\n", 1),
        ("a,b\r\n1,2\r\n3,4", 2),
        ("a,b\n\n1,2\n\n\n3,4\n\n", 2),
        ("a,b\r\n\r\n1,2\r\n\r\n", 1),
        ('a,b\n1,"x\ny"\n', 1),
        ('a,b\n1,"x\r\n\r\ny"\r\n2,z\r\n', 2),
        ('a,b\n1,"say ""hi""\n"\n2,""""\n', 2),
        ('"a\nb",c\n1,2\n', 1),
        ("\ufeffa,b\n1,2\n", 1),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.CSV", "x.csv.gz"])
@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
def test_counts_records_not_lines(tmp_path, monkeypatch, text, rows, name, chunk):
    monkeypatch.setattr(csv_count, "_CHUNK", chunk)
    assert CsvReader().count_rows(write(tmp_path, text, name)) == rows


@pytest.mark.parametrize("text", ['a,b\n1,"2\n', 'a\n"', 'a,b\n1,"x""\n2,3\n'])
@pytest.mark.parametrize("chunk", [1, 2, 1 << 20])
def test_records_with_an_unclosed_quote_are_not_counted(
    tmp_path, monkeypatch, text, chunk
):
    monkeypatch.setattr(csv_count, "_CHUNK", chunk)
    assert CsvReader().count_rows(write(tmp_path, text)) is None


@pytest.mark.parametrize(
    "row",
    ['5" nail,x', '"x"y,z', '"x" ,z', 'x,y"z"', 'x""y,z', '"a"b"c",z', 'x,"y\n"z'],
)
@pytest.mark.parametrize("chunk", [1, 2, 3, 1 << 20])
def test_records_with_stray_quotes_are_not_counted(tmp_path, monkeypatch, row, chunk):
    """Readers differ in what they make of them."""
    monkeypatch.setattr(csv_count, "_CHUNK", chunk)
    assert CsvReader().count_rows(write(tmp_path, f"a,b\n1,2\n{row}\n{row}\n")) is None


@pytest.mark.parametrize("text", ["a,b\n1,x\ry\n", "a,b\r\r\n1,2\r\r\n", "a\rb\n1\n"])
@pytest.mark.parametrize("chunk", [1, 2, 1 << 20])
def test_stray_carriage_returns_are_not_counted(tmp_path, monkeypatch, text, chunk):
    monkeypatch.setattr(csv_count, "_CHUNK", chunk)
    assert CsvReader().count_rows(write(tmp_path, text)) is None


def test_all_members_of_a_gz_file_count(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n", mtime=0) + gzip.compress(b"3,4\n"))
    assert CsvReader().count_rows(path) == 2


@pytest.mark.parametrize("missing", [1, 8, 9, 200])
def test_a_cut_off_gz_file_is_an_error(tmp_path, missing):
    rows = "".join(f"{n},{n * n}\n" for n in range(2_000))
    path = write(tmp_path, "a,b\n" + rows, "x.csv.gz")
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(WarehouseError, match="cut off or damaged"):
        CsvReader().count_rows(path)


def test_a_flipped_bit_in_a_gz_file_is_an_error(tmp_path):
    path = write(tmp_path, "a,b\n" + "1,2\n" * 500, "x.csv.gz")
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match="cut off or damaged"):
        CsvReader().count_rows(path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,2\n", ["a", "b"]),
        ("a,b", ["a", "b"]),
        ("\ufeffa,b\r\n", ["a", "b"]),
        ('\ufeff"a",b\n', ["a", "b"]),
        ('"a, b","say ""c""","d\ne"\n', ["a, b", 'say "c"', "d\ne"]),
        ("größe,€\n", ["größe", "€"]),
        ("a\n", ["a"]),
        ("\n", []),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_columns_are_the_header(tmp_path, text, names, name):
    assert names_of(write(tmp_path, text, name)) == names


def test_columns_look_at_the_header_only(tmp_path):
    path = write(tmp_path, b"a,b\n1,M\xfcller\n")
    assert names_of(path) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.csv", b"PK\x03\x04rest", "zip archive or an Excel workbook"),
        ("x.csv", b"PAR1rest", "Parquet"),
        ("x.csv", b"%PDF-1.7", "PDF"),
        ("x.csv", b"\xd0\xcf\x11\xe0rest", "old Excel"),
        ("x.csv", b"SQLite format 3\0", "SQLite"),
        ("x.csv", gzip.compress(b"a,b\n", mtime=0), "gzipped"),
        ("x.csv", b"a\0b\0", "binary"),
        ("x.csv", "a,b\n".encode("utf-16"), "binary"),
        ("x.csv.gz", b"PK\x03\x04rest", "zip archive"),
        ("x.csv.gz", b"a,b\n1,2\n", "not gzipped"),
    ],
)
@pytest.mark.parametrize("function", [CsvReader().columns, CsvReader().count_rows])
def test_other_kinds_of_files_are_named(tmp_path, name, content, kind, function):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match=f"not what its name says.*{kind}"):
        function(path)
