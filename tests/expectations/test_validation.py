"""What a contract promises is expected of its table, and its breach is seen."""

import sys
from dataclasses import replace

import duckdb
import pytest

import expectations.raw
from dbt_models import WarehouseError, load_deployment
from expectations.promise import Promise
from expectations.suite import Suite
from expectations.suites import raw_expectations
from expectations.validation import validate

PEOPLE = Promise(
    source="acme",
    table="people",
    required=("id", "name"),
    is_delivered=True,
)
ROWS = "select range as id, 'n' || range as name, 40 + range as age from range(6)"
EXPECTED = {
    "the number of rows is at least 1",
    "id is never empty",
    "name is never empty",
}


@pytest.fixture
def build(tmp_path):
    """Return a function that puts a table into a build and validates it."""
    deployment = load_deployment(tmp_path)
    deployment.build.mkdir()

    def run(promise=PEOPLE, rows=ROWS):
        with duckdb.connect(deployment.build_database) as connection:
            connection.execute("create schema if not exists raw_acme")
            connection.execute(f"create or replace table raw_acme.people as {rows}")
        try:
            expectations = raw_expectations(promise)
            suite = Suite("raw_acme", "people", expectations, "", frozenset({"age"}))
            return validate(deployment, suite)
        finally:
            # Whatever happened, GX must not keep the next writer out.
            duckdb.connect(deployment.build_database).close()

    return run


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Return a function that gives the table a suite of its own."""
    folder = tmp_path / "suites"
    folder.mkdir()
    found = [str(folder), *expectations.raw.__path__]
    monkeypatch.setattr(expectations.raw, "__path__", found)

    def write(name, expectation):
        (folder / f"acme__{name}.py").write_text(
            "from great_expectations import expectations as gx\n"
            f"def suite():\n    return [{expectation}]\n"
        )

    yield write
    sys.modules.pop("expectations.raw.acme__people", None)


def broken(results):
    return {result.description: result.observed for result in results
            if result.is_met is False}  # fmt: skip


def test_what_is_promised_is_expected(build):
    results = build()
    assert {result.description for result in results} == EXPECTED
    assert {result.table_name for result in results} == {"raw_acme.people"}
    assert all(result.is_met for result in results)


@pytest.mark.parametrize(
    ("fault", "description", "observed"),
    [
        ("where false", "the number of rows is at least 1", "0 rows"),
        ("replace name null", "name is never empty", "1 of 6 rows break it (17 %)"),
    ],
)
def test_each_breach_is_seen(build, fault, description, observed):
    rows = f"select * from ({ROWS})"
    if fault.startswith("replace"):
        _, column, value = fault.split(maxsplit=2)
        faulty = f"if(id = 1, {value}, {column}) as {column}"
        rows = f"select * replace ({faulty}) from ({ROWS})"
    else:
        rows += fault
    found = broken(build(rows=rows))
    (match,) = [text for text in found if text.startswith(description)]
    assert found[match] == observed
    assert len(found) == 1


def test_what_was_never_delivered_is_not_judged(build):
    results = build(replace(PEOPLE, is_delivered=False), f"{ROWS} where false")
    assert len(results) == 3
    assert {(result.is_met, result.observed) for result in results} == {
        (None, "nothing has been delivered yet")
    }


def test_a_suite_adds_to_the_contract(build, suite):
    suite("people", "gx.ExpectColumnValuesToBeBetween(column='id', max_value=1)")
    results = build()
    assert broken(results) == {
        "id is at most 1 in every row": "4 of 6 rows break it (67 %)"
    }
    assert {result.defined_in for result in results} == {
        "dbt_models/models/sources/acme/_acme__sources.yml",
        "expectations/raw/acme__people.py",
    }


def test_values_of_personal_columns_are_not_shown(build, suite):
    suite("people", "gx.ExpectColumnMaxToBeBetween(column='age', max_value=20)")
    assert broken(build()) == {
        "the highest value of age is at most 20": "not shown: personal data"
    }


def test_an_expectation_that_cannot_be_checked_is_an_error(build, suite):
    suite("people", "gx.ExpectColumnMaxToBeBetween(column='agee', max_value=20)")
    with pytest.raises(WarehouseError) as refusal:
        build()
    assert "raw_acme.people: column_max_to_be_between on agee" in str(refusal.value)
    assert '"agee"' in str(refusal.value)
    assert "Mend expectations/raw/acme__people.py" in str(refusal.value)
