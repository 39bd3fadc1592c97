"""No text begins a formula, however a spreadsheet splits the file; numbers stay."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from dagster_project.lists.cells import cell, safe_text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49 30 1234", "-1", "@sum(a1)", "\t1", "\r1", "\n1", " =1"]
    + ["\N{NO-BREAK SPACE}=1", "\N{ZERO WIDTH SPACE}=1", "\ufeff=1", "\x00=1"]
    + ["＝1", " ＋1", "－1", "＠a", "﹣1", "\N{MINUS SIGN}1", '"=1"', "'=1"],
)
def test_what_begins_a_formula_gets_an_apostrophe(text):
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Meier;=1+1", "Meier;'=1+1"),
        ("Meier; -10", "Meier;' -10"),
        ('Meier;"=1+1"', 'Meier;\'"=1+1"'),
        ("Meier\n=1+1", "Meier\n'=1+1"),
        ("Meier\t@a", "Meier\t'@a"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_also_where_another_separator_begins_a_cell(text, safe):
    assert safe_text(text) == safe


@pytest.mark.parametrize(
    "text",
    ["", " ", "Müller", "a=b", "a+b@c.example", "1-2", "Meier, -10", "O'Neill", "王=1"],
)
def test_other_text_stays(text):
    assert safe_text(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (-8, "-8"),
        (Decimal("-12.5000"), "-12.5000"),
        (Decimal("1E+6"), "1000000"),
        (-0.5, "-0.5"),
        (float("-inf"), ""),
        (float("nan"), ""),
        (True, "true"),
        (date(2026, 7, 1), "2026-07-01"),
        (datetime(2026, 7, 1, 9, 30), "2026-07-01 09:30:00"),
        (["=1"], "['=1']"),
    ],
)
def test_values_that_are_no_text_are_written_plainly(value, text):
    assert cell(value) == text
