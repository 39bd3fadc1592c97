"""Kinds of files that a contract can describe, and what makes them of rows."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import xlsxwriter

from ingest.contracts.formats import Format

TYPES = {
    "id": "bigint",
    "amount": "decimal(12, 2)",
    "note": "varchar",
    "day": "date",
    "is_new": "boolean",
}
ROWS = [
    ("1", "1234.50", "Müller, 5 €", "2026-01-31", "true"),
    ("2", "-0.05", 'say "no"; or | not', "2026-02-28", "false"),
    ("3", "7", "", "", ""),
    ("4", "0.10", "two\nlines", "2026-12-01", "true"),
]
LANDED = [
    (1, Decimal("1234.50"), "Müller, 5 €", date(2026, 1, 31), True),
    (2, Decimal("-0.05"), 'say "no"; or | not', date(2026, 2, 28), False),
    (3, Decimal(7), None, None, None),
    (4, Decimal("0.10"), "two\nlines", date(2026, 12, 1), True),
]
BROKEN = ("5", "much", "x", "2026-01-01", "true")
PLAIN_ROWS = [(*row[:2], row[2].replace("\n", " "), *row[3:]) for row in ROWS]


def csv_text(
    rows: list[tuple],
    delimiter: str = ",",
    quote: str = '"',
    header: bool = True,
    end: str = "",
) -> str:
    def field(value: str) -> str:
        special = any(sign in value for sign in (delimiter, quote or "\n", "\n"))
        if not quote or not special:
            return value
        return quote + value.replace(quote, quote * 2) + quote

    lines = [tuple(TYPES), *rows] if header else rows
    return "".join(delimiter.join(map(field, line)) + end + "\n" for line in lines)


def continental(rows: list[tuple]) -> str:
    """Return what a German spreadsheet makes of the rows."""

    def number(text: str) -> str:
        whole, _, fraction = text.partition(".")
        if not whole.lstrip("-").isdigit():
            return text
        grouped = f"{int(whole):,}".replace(",", ".")
        sign = "-" if whole == "-0" else ""
        return f"{sign}{grouped}{',' if fraction else ''}{fraction} €"

    def day(text: str) -> str:
        return ".".join(reversed(text.split("-")))

    words = {"true": "Ja", "false": "nein", "": ""}
    return csv_text(
        [(n, number(a), note, day(d), words[b]) for n, a, note, d, b in rows], ";"
    )


def records(rows: list[tuple]) -> list[dict]:
    return [
        {
            "id": int(n),
            "amount": a if a == "much" else float(a),
            "note": note or None,
            "day": d or None,
            "is_new": json.loads(b or "null"),
        }
        for n, a, note, d, b in rows
    ]


def workbook(
    rows: list[tuple],
    sheets: tuple[str, ...] = ("Sheet1",),
    names: tuple[str, ...] = tuple(TYPES),
) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        as_day = book.add_format({"num_format": "dd.mm.yyyy"})
        for name in sheets:
            sheet = book.add_worksheet(name)
            sheet.write_row(1, 1, names)
            for line, (n, amount, note, day, is_new) in enumerate(rows, start=3):
                sheet.write_number(line, 1, int(n))
                if amount == "much":
                    sheet.write_string(line, 2, amount)
                else:
                    sheet.write_number(line, 2, float(amount))
                if note:
                    sheet.write_string(line, 3, note)
                else:  # a formula whose result is nothing is no value
                    sheet.write_formula(line, 3, '=IF(1,"","")', None, "")
                if day:
                    moment = datetime.fromisoformat(day)
                    sheet.write_datetime(line, 4, moment, as_day)
                if is_new:
                    sheet.write_boolean(line, 5, is_new == "true")
    return with_xml(target.getvalue(), b'<c r=("D[0-9]+")><f>', rb'<c r=\1 t="str"><f>')


def with_xml(content: bytes, old: bytes, new: bytes, of: str = "/sheet") -> bytes:
    """Return a workbook with something else in its sheets, as no library writes it.

    Of a formula whose result is an empty text, Excel says that it is a text.
    """
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as archive,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as changed,
    ):
        for name in archive.namelist():
            text = archive.read(name)
            if of in name:
                text = re.sub(old, new, text)
            changed.writestr(name, text)
    return target.getvalue()


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


def zst(content: bytes) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(content)
    return target.getvalue().to_pybytes()


def fixed_width(rows: list[tuple]) -> str:
    lines = [tuple(TYPES), *rows]
    return "".join(
        f"{n:>4}{a:<10}{note:<20}{d:>12}{b:<6}\n" for n, a, note, d, b in lines
    )


WIDTHS = (("id", 4), ("amount", 10), ("note", 20), ("day", 12), ("is_new", 6))
GERMAN = {
    "format": Format(delimiter=";", decimal=",", thousands=".", symbols=("€", "EUR")),
    "formats": {"day": "%d.%m.%Y", "is_new": "ja/nein"},
}


# Ending of the name, what makes the file's content of rows, what the contract says.
KINDS: dict[str, tuple[str, Callable[[list[tuple]], str | bytes], dict]] = {
    "csv": ("csv", csv_text, {}),
    "semicolons": (
        "csv",
        lambda r: csv_text(r, ";"),
        {"format": Format(delimiter=";")},
    ),
    "tabs": ("tsv", lambda r: csv_text(r, "\t"), {}),
    "pipes": ("txt", lambda r: csv_text(r, "|"), {"format": Format(delimiter="|")}),
    "two signs": (
        "csv",
        lambda r: csv_text(r, "||"),
        {"format": Format(delimiter="||")},
    ),
    "paragraph signs": (
        "csv",
        lambda r: csv_text(r, "§"),
        {"format": Format(delimiter="§")},
    ),
    "apostrophes": (
        "csv",
        lambda r: csv_text(r, ",", "'"),
        {"format": Format(quote="'")},
    ),
    "no quotes": (
        "csv",
        lambda r: csv_text(r, "\t", ""),
        {"format": Format(delimiter="\t", quote=""), "rows": "plain"},
    ),
    "no header": (
        "csv",
        lambda r: csv_text(r, header=False),
        {"format": Format(header=False)},
    ),
    "delimiters at the end": ("csv", lambda r: csv_text(r, end=","), {}),
    "many delimiters at the end": ("csv", lambda r: csv_text(r, end=",,,"), {}),
    "delimiters at the end of rows": (
        "csv",
        lambda r: ",".join(TYPES) + "\n" + csv_text(r, header=False, end=","),
        {},
    ),
    "no header, delimiters at the end": (
        "csv",
        lambda r: csv_text(r, header=False, end=","),
        {"format": Format(header=False)},
    ),
    "blanks in the header": (
        "csv",
        lambda r: (
            '"id" ,amount, "note",day\t,\u00a0is_new \n' + csv_text(r, header=False)
        ),
        {},
    ),
    "returns alone": ("csv", lambda r: csv_text(r).replace("\n", "\r"), {}),
    "returns alone, gz": ("csv.gz", lambda r: csv_text(r).replace("\n", "\r"), {}),
    "returns alone, utf-16": (
        "csv",
        lambda r: csv_text(r).replace("\n", "\r").encode("utf-16"),
        {},
    ),
    "returns alone, but between quotes": (
        "csv",
        lambda r: csv_text(r).replace("\n", "\r").replace("two\rlines", "two\nlines"),
        {},
    ),
    "returns alone, fixed width": (
        "txt",
        lambda r: fixed_width(r).replace("\n", "\r"),
        {"format": Format(widths=WIDTHS), "rows": "plain"},
    ),
    "lines above the header": (
        "csv",
        lambda r: 'Sales of "2026\nall, shops\n' + csv_text(r),
        {"format": Format(skip_lines=2)},
    ),
    "words for nothing": (
        "csv",
        lambda r: csv_text([tuple(v or "NULL" for v in row) for row in r]),
        {"format": Format(nulls=("NULL", "-"))},
    ),
    "continental": ("csv", continental, GERMAN),
    "byte order mark": ("csv", lambda r: csv_text(r).encode("utf-8-sig"), {}),
    "utf-16": ("csv", lambda r: csv_text(r).encode("utf-16"), {}),
    "utf-16, said": (
        "csv",
        lambda r: csv_text(r).encode("utf-16-be"),
        {"format": Format(encoding="utf-16-be")},
    ),
    "cp1252": (
        "csv",
        lambda r: csv_text(r).encode("cp1252"),
        {"format": Format(encoding="cp1252")},
    ),
    "iso-8859-15": (
        "csv.gz",
        lambda r: gzip.compress(csv_text(r).encode("iso-8859-15")),
        {"format": Format(encoding="iso-8859-15")},
    ),
    "gz": ("csv.gz", csv_text, {}),
    "zst": ("csv.zst", lambda r: zst(csv_text(r).encode()), {}),
    "zip": ("zip", lambda r: zipped(a__csv=csv_text(r).encode()), {}),
    "zipped gz": (
        "zip",
        lambda r: zipped(a__csv__gz=gzip.compress(csv_text(r).encode())),
        {},
    ),
    "some of a zip": (
        "zip",
        lambda r: zipped(a__csv=csv_text(r).encode(), readme__txt=b"x"),
        {"format": Format(members="*.csv")},
    ),
    "json": ("json", lambda r: json.dumps(records(r)), {}),
    "json gz": ("json.gz", lambda r: json.dumps(records(r)), {}),
    "json below": (
        "json",
        lambda r: json.dumps({"meta": {"n": 1}, "data": {"sales": records(r)}}),
        {"format": Format(records="data.sales")},
    ),
    "json lines": ("jsonl", lambda r: "\n".join(map(json.dumps, records(r))), {}),
    "workbook": ("xlsx", workbook, {}),
    "workbook that says csv": ("csv", workbook, {}),
    "sheet of a workbook": (
        "xlsx",
        lambda r: workbook(r, ("Sales 1", "Other")),
        {"format": Format(sheets="Sales*")},
    ),
    "zipped workbook": ("zip", lambda r: zipped(book__xlsx=workbook(r)), {}),
    "gzipped workbook": ("xlsx.gz", lambda r: gzip.compress(workbook(r)), {}),
    "sheet of a zipped workbook, gzipped": (
        "zip",
        lambda r: zipped(
            book__xlsx__gz=gzip.compress(workbook(r, ("Sales 1", "Other")))
        ),
        {"format": Format(sheets="Sales*")},
    ),
    "fixed width": (
        "txt",
        fixed_width,
        {"format": Format(widths=WIDTHS), "rows": "plain"},
    ),
    "no header, fixed width": (
        "txt",
        lambda r: fixed_width(r).partition("\n")[2],
        {"format": Format(widths=WIDTHS, header=False), "rows": "plain"},
    ),
}
