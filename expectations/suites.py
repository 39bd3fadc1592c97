"""All that is expected of a table: what holds for its kind, and its own module's suite.

Imports Great Expectations: seconds that a run without new input does not pay.
"""

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any

from great_expectations.expectations.expectation import Expectation

from expectations.contract import contract_expectations
from expectations.promise import Promise


def raw_expectations(promise: Promise) -> list[Expectation]:
    """Return what a contract promises and ``raw/<source>__<table>.py`` adds, if any."""
    expectations = contract_expectations(promise)
    module = f"expectations.raw.{promise.source}__{promise.table}"
    if importlib.util.find_spec(module):
        expectations += _stated(importlib.import_module(module).suite(), module)
    if not promise.is_delivered:
        _leave(expectations, "nothing has been delivered yet")
    return expectations


def learned_expectations(
    table: str,
    params: Mapping[str, Any],
    no_rows: str | None = None,
    no_comparison: str | None = None,
) -> list[Expectation]:
    """Return what ``learned/<table>.py`` says.

    Parameters
    ----------
    params
        The deployment's business parameters.
    no_rows
        Why there is nothing to check; None if there is.
    no_comparison
        Why the table cannot be set against that of the last run; None if it can.
    """
    name = f"expectations.learned.{table}"
    module = importlib.import_module(name)
    suite = _stated(module.suite(params), name)
    compared = _stated(module.compared(params), name)
    if no_comparison:
        _leave(compared, no_comparison)
    expectations = [*suite, *compared]
    if no_rows:
        _leave(expectations, no_rows)
    return expectations


def _stated(expectations: list[Expectation], module: str) -> list[Expectation]:
    stated = {"defined_in": f"{module.replace('.', '/')}.py"}
    for expectation in expectations:
        expectation.meta = {**stated, **(expectation.meta or {})}
    return expectations


def _leave(expectations: Iterable[Expectation], reason: str) -> None:
    for expectation in expectations:
        expectation.meta = {**expectation.meta, "unchecked": reason}
