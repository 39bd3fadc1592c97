"""Results as text tables: nothing rounded away, nothing torn."""

import duckdb
import pytest

from dagster_project.tables import print_table


def cell(capsys: pytest.CaptureFixture, expression: str) -> str:
    print_table(duckdb.execute(f"select {expression} as a"))
    return capsys.readouterr().out.splitlines()[-1].removeprefix("  ")


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("0.0010::decimal(18, 4)", "0.0010"),
        ("1234567.8901::decimal(18, 4)", "1,234,567.8901"),
        ("0.001::double", "0.001"),
        ("1e-9::double", "1e-09"),
        ("15::double", "15"),
        ("1234567.891::double", "1,234,567.89"),
        ("null", "NULL"),
        ("''", ""),
        ("true", "true"),
        (r"e'one\ntwo\t\x1b[31m'", r"one\ntwo\t\x1b[31m"),
        ("'größe'", "größe"),
    ],
)
def test_a_value_is_shown_as_it_is(capsys, expression, shown):
    assert cell(capsys, expression) == shown


def test_numbers_stand_to_the_right_missing_ones_too(capsys):
    print_table(duckdb.execute("from (values (1, 'a'), (null, 'bb')) as v (n, t)"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == ["     1  a", "  NULL  bb"]
