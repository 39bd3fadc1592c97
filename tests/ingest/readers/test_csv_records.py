"""The records of a CSV file: whole, and told from what is broken."""

import csv
import io
from random import Random

import pytest

from ingest.readers.csv_records import Record, begin, records
from ingest.readers.dialects import Dialect
from tests.ingest.readers.test_csv_files import random_csv


def records_of(text: str) -> list[Record]:
    content, dialect = text.encode(), Dialect()
    return list(records(content, dialect, *begin(content, dialect)))


def flaws(text: str) -> list[tuple[int, str]]:
    return [(r.line, r.content.decode()) for r in records_of(text) if r.flaw]


def test_valid_files_have_the_records_that_pythons_csv_finds():
    random = Random(3)
    for _ in range(2_000):
        text = random_csv(random).lstrip("\n").lstrip("\r\n")
        found = records_of(text)
        again = "\n".join(record.content.decode() for record in found)
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
        assert not [record for record in found if record.flaw], text
        assert list(csv.reader(io.StringIO(again, newline=""))) == rows, text
        lines = text.split("\n")
        for record in found:
            first = record.content.decode().split("\n")[0]
            assert lines[record.line - 1].startswith(first), text


# The lines that are broken: all others are read.
BROKEN = {
    "never closed": ('a,b\n1,"x\n2,y\n3,z\n', [(2, '1,"x')]),
    "closed by the next quote": ('a,b\n1,"x\n2,y\n3,"z"\n4,w\n', [(2, '1,"x')]),
    "on the last line": ('a,b\n1,x\n2,"', [(3, '2,"')]),
    "text after the quote": ('a,b\n1,"x"y\n2,z\n', [(2, '1,"x"y')]),
    "space after the quote": ('a,b\n1,"x" \n2,z\n', [(2, '1,"x" ')]),
    "two of them": ('a,b\n1,"x\n2,"y\n3,z\n', [(2, '1,"x'), (3, '2,"y')]),
    "in a file of quotes": ('"a","b"\n"1","x\n"2","y"\n', [(2, '"1","x')]),
    "with crlf": ('a,b\r\n1,"x\r\n2,y\r\n', [(2, '1,"x')]),
    "carriage return inside": ("a,b\n1,x\ry\n2,z\n", [(2, "1,x\ry")]),
    "in the header": ('"a,b\n1,x\n2,y\n', [(1, '"a,b')]),
    "blanks around quotes": ('"a" , "b"\n"1" ,x\n2,y\n', [(2, '"1" ,x')]),
    "an escaped quote too few": ('a,b\n1,"say "hi""\n2,z\n', [(2, '1,"say "hi""')]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_flaw_costs_its_line_only(case):
    text, broken = BROKEN[case]
    assert flaws(text) == broken
    lines = len(text.rstrip("\r\n").split("\n"))
    assert len(records_of(text)) == lines


@pytest.mark.parametrize("text", ['5" nail', 'a"b', 'a"b"', "x"])
def test_a_quote_inside_an_unquoted_field_is_a_letter(text):
    assert flaws(f"a,b\n1,{text}\n2,z\n") == []


def test_lines_are_counted_through_quoted_breaks_and_blank_lines():
    text = 'a,b\n\n1,"x\n\ny"\r\n\r\n2,"\n3,z\n'
    assert [(r.line, r.flaw) for r in records_of(text)] == [
        (1, None),
        (3, None),
        (7, "badly quoted"),
        (8, None),
    ]


def test_a_byte_order_mark_is_no_part_of_the_header():
    (header,) = records_of("\ufeffa,b")
    assert header.content == b"a,b"
