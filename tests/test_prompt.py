"""`crm sql`: queries as an argument and from a pipe."""

import subprocess

import pytest

from tests.conftest import CRM


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select 42", ["42"]),
        ("select 41;\nselect 42;\n", ["41", "42"]),
        ("select 41; select 42 -- the end", ["41", "42"]),
        (".columns core.dim_dates\nselect\n    42\n", ["date_day", "42"]),
    ],
)
def test_a_pipe_is_answered_to_its_end(crm, grocer, query, shown):
    outcome = crm(grocer, "sql", input=query)
    assert outcome.returncode == 0, outcome.stderr
    for text in shown:
        assert text in outcome.stdout
    assert "crm>" not in outcome.stdout
    assert "read-only" not in outcome.stdout


def test_an_error_in_a_pipe_ends_it(crm, grocer):
    outcome = crm(grocer, "sql", input="selec 41;\nselect 42;\n")
    assert outcome.returncode == 1
    assert "selec" in outcome.stderr
    assert "42" not in outcome.stdout


def test_every_statement_of_a_query_is_answered(crm, grocer):
    outcome = crm(grocer, "sql", "select 41 as a; select 42 as b")
    assert outcome.stdout.count("(1 row)") == 2
    assert "41" in outcome.stdout


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_is_refused(crm, grocer, query):
    outcome = crm(grocer, "sql", query)
    assert outcome.returncode == 1
    assert "the query is empty" in outcome.stderr


def test_who_has_read_enough_makes_no_error(grocer, monkeypatch):
    monkeypatch.setenv("CRM_DATA", str(grocer))
    with subprocess.Popen(
        [CRM, "sql", "select * from range(300_000)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_known_at_is_another_file(crm, grocer):
    outcome = crm(grocer, "sql", "select 1", "--known-at", "2017-11-30")
    assert outcome.returncode == 1
    assert "as-known/2017-11-30/warehouse.duckdb" in outcome.stderr
    assert "crm run --known-at 2017-11-30" in outcome.stderr


@pytest.mark.parametrize("day", ["2999-01-01", "9999-12-31"])
def test_what_will_be_known_one_day_is_not_published(crm, grocer, day):
    outcome = crm(grocer, "run", "--known-at", day)
    assert outcome.returncode == 1
    assert f"--known-at {day} is in the future" in outcome.stderr
