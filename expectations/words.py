"""Expectations and what was seen, in words that need no manual."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_AGGREGATES = {
    "max": "highest value",
    "mean": "average",
    "median": "median",
    "min": "lowest value",
    "stdev": "standard deviation",
    "sum": "sum",
}


def expected(kind: str, settings: Mapping[str, Any]) -> str:
    """Say what is expected; a suite's own ``description`` goes before this.

    Parameters
    ----------
    kind
        GX's name without ``expect_``.
    settings
        The expectation's arguments.
    """
    column = settings.get("column")
    if kind == "table_row_count_to_be_between":
        return f"the number of rows is {_bounds(settings)}"
    if kind == "column_values_to_not_be_null":
        if "mostly" in settings:
            return f"{column} is filled {_mostly(settings)}"
        return f"{column} is never empty"
    if kind == "column_values_to_be_between":
        often = _mostly(settings) if "mostly" in settings else "in every row"
        return f"{column} is {_bounds(settings)} {often}"
    for name, words in _AGGREGATES.items():
        if kind == f"column_{name}_to_be_between":
            return f"the {words} of {column} is {_bounds(settings)}"
    words = kind.replace("_", " ")
    return f"{column}: {words}" if column else words


def seen(kind: str, result: Mapping[str, Any]) -> str:
    """Say what GX saw: counts and figures, never single values out of rows."""
    if "unexpected_count" in result:
        # GX counts nothing where there is nothing.
        broken, rows = result["unexpected_count"] or 0, result["element_count"]
        share = f" ({100 * broken / rows:.2g} %)" if broken else ""
        return f"{broken:,} of {rows:,} rows break it{share}"
    value = result["observed_value"]
    if kind == "unexpected_rows_expectation":
        return f"{value:,} rows break it"
    if kind == "table_row_count_to_be_between":
        return "1 row" if value == 1 else f"{value:,} rows"
    return _number(value)


def technical(kind: str, settings: Mapping[str, Any]) -> str:
    """Return the kind with its arguments, for who wants to change it."""
    arguments = {**settings}
    arguments.pop("condition_parser", None)
    # Pages of SQL; its description says what it finds.
    arguments.pop("query", None)
    if condition := arguments.pop("row_condition", None):
        name = condition["column"]["name"]
        operator, value = condition["operator"], condition["parameter"]
        arguments["where"] = f"{name} {operator} {value}"
    bounds = ", ".join(f"{key} {value}" for key, value in sorted(arguments.items()))
    return f"{kind} ({' '.join(bounds.split())})" if bounds else kind


def _bounds(settings: Mapping[str, Any]) -> str:
    least, most = settings.get("min_value"), settings.get("max_value")
    if least is not None and most is not None:
        return f"between {_number(least)} and {_number(most)}"
    if least is not None:
        return f"at least {_number(least)}"
    return f"at most {_number(most)}"


def _mostly(settings: Mapping[str, Any]) -> str:
    return f"in at least {100 * settings['mostly']:g} % of the rows"


def _number(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # As many decimals as there are, but no more than anybody reads.
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)
