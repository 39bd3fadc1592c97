"""Expectations in words that need no manual."""

import importlib
import pkgutil
from datetime import datetime

import pytest

import expectations.learned
import expectations.raw
from dbt_models import load_deployment
from expectations.words import expected, seen, technical

ROWS = "table_row_count_to_be_between"
NULLS = "column_values_to_not_be_null"
BETWEEN = "column_values_to_be_between"
MEAN = "column_mean_to_be_between"


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (ROWS, {"min_value": 1200}, "the number of rows is at least 1,200"),
        (NULLS, {}, "a is never empty"),
        (NULLS, {"mostly": 0.975}, "a is filled in at least 97.5 % of the rows"),
        (
            BETWEEN,
            {"min_value": 0.01, "max_value": 1e4},
            "a is between 0.01 and 10,000 in every row",
        ),
        (
            BETWEEN,
            {"max_value": datetime(2026, 3, 1), "mostly": 0.5},
            "a is at most 2026-03-01 00:00 in at least 50 % of the rows",
        ),
        (MEAN, {"min_value": 0}, "the average of a is at least 0"),
        ("column_values_to_be_in_set", {}, "a: column values to be in set"),
    ],
)
def test_expected(kind, settings, words):
    assert expected(kind, {"column": "a", **settings}) == words


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"element_count": 1_469_307, "unexpected_count": 8_869},
         "8,869 of 1,469,307 rows break it (0.6 %)"),
        ({"element_count": 5, "unexpected_count": 0}, "0 of 5 rows break it"),
        ({"element_count": 0, "unexpected_count": None}, "0 of 0 rows break it"),
        ({"observed_value": 3.12801234}, "3.128"),
        ({"observed_value": 1_469_307}, "1,469,307"),
        ({"observed_value": 1000}, "1,000"),
        ({"observed_value": 0.5}, "0.5"),
        ({"observed_value": None}, "nothing"),
    ],
)  # fmt: skip
def test_seen(result, words):
    assert seen("any", result) == words


def test_rows_that_a_query_finds_are_counted():
    kind = "unexpected_rows_expectation"
    assert seen(kind, {"observed_value": 1200}) == "1,200 rows break it"
    assert seen(ROWS, {"observed_value": 1200}) == "1,200 rows"


def test_technical_names_are_complete_and_on_one_line():
    settings = {
        "unexpected_rows_query": "select\n    1",
        "row_condition": {
            "column": {"name": "_load_id"}, "operator": "==", "parameter": 6
        },
        "condition_parser": "great_expectations",
    }  # fmt: skip
    assert technical("kind", settings) == (
        "kind (unexpected_rows_query select 1, where _load_id == 6)"
    )
    assert technical("kind", {}) == "kind"
    assert technical("findings_to_hold", {"query": "select 1"}) == "findings_to_hold"


PARAMS = load_deployment().params
SUITES = {
    **{
        f"raw.{module.name}": [("suite",)]
        for module in pkgutil.iter_modules(expectations.raw.__path__)
    },
    **{
        f"learned.{table}": [("suite", PARAMS), ("compared", PARAMS)]
        for table in expectations.learned.TABLES
    },
}


@pytest.mark.parametrize("name", SUITES)
def test_every_expectation_of_a_suite_has_words(name):
    module = importlib.import_module(f"expectations.{name}")
    for function, *arguments in SUITES[name]:
        for expectation in getattr(module, function)(*arguments):
            configuration = expectation.configuration
            kind = configuration.type.removeprefix("expect_")
            words = configuration.description or expected(kind, configuration.kwargs)
            assert kind.replace("_", " ") not in words
