"""What a row must keep to be landed, as SQL over its columns as a reader gives them."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import timedelta

from ingest.contracts import Table
from ingest.ledger import now
from ingest.sql import identifier, literal

_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")
# Digits of whole numbers that fit whatever they are.
_DIGITS = {"integer": 9, "bigint": 18}
_OFFSET = r":[0-9]{2}([.][0-9]+)? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$"


@dataclass(frozen=True)
class Check:
    """One condition on one column.

    Attributes
    ----------
    reason
        Why a row that does not meet it is refused; without a value of the row.
    condition
        SQL that is true for rows that meet it, and never null.
    """

    column_name: str
    reason: str
    condition: str


def checks_of(table: Table, doubtful: Container[str]) -> list[Check]:
    """Return what the rows of a table must keep that the reader does not see to.

    Doubtful columns are read as something that holds more than the contract's type.
    """
    found = []
    for column in table.columns:
        name = identifier(column.name)
        if column.name in table.required:
            found.append(
                Check(column.name, "empty, but required", f"{name} is not null")
            )
        if column.name in doubtful:
            quick, exact = _fits(name, column.data_type)
            found.append(
                Check(
                    column.name,
                    not_a(column.data_type),
                    # `case` does not look further once it knows, `or` does.
                    f"case when {name} is null or {quick} then true "
                    f"else coalesce({exact}, false) end",
                )
            )
        elif column.data_type in {"date", "double", "timestamp"}:
            is_finite = f"coalesce(isfinite({name}), true)"
            found.append(Check(column.name, not_a(column.data_type), is_finite))
    if table.known_at is not None:
        moment = f"try_cast({identifier(table.known_at)} as timestamp)"
        # Zones are up to 14 hours apart.
        latest = literal(now() + timedelta(days=1))
        found.append(
            Check(
                table.known_at,
                "before 1970 or in the future",
                f"coalesce({moment} between '1970-01-01' and {latest}, true)",
            )
        )
    return found


def not_a(data_type: str) -> str:
    """Return the reason for a value that is of another type."""
    return f"not a value of type {data_type}"


def flaws(checks: Iterable[Check]) -> str:
    """Return the SQL list of columns and reasons for which a row is refused."""
    found = ", ".join(
        f"case when not {check.condition} then {{'column_name': "
        f"{literal(check.column_name)}, 'reason': {literal(check.reason)}}} end"
        for check in checks
    )
    return f"[{found}]::struct(column_name varchar, reason varchar)[]"


def value_of(name: str, data_type: str, zone: str) -> str:
    """Return the SQL that makes a doubtful value one of the contract's type.

    A timestamp that states its own offset is the moment it says, as the clocks of the
    contract's zone showed it.
    """
    column = identifier(name)
    if data_type != "timestamp":
        return f"cast({column} as {data_type})"
    text = f"cast({column} as varchar)"
    return f"""case
        when regexp_matches({text}, {literal(_OFFSET)})
            then timezone({literal(zone)}, cast({text} as timestamptz))
        else cast({_with_minutes(text)} as timestamp)
    end"""


def _with_minutes(text: str) -> str:
    """Return the SQL that adds the minutes to a time of hours only (ISO 8601)."""
    return f"regexp_replace({text}, '([ T][0-9]{{2}})$', '\\1:00')"


def _fits(name: str, data_type: str) -> tuple[str, str]:
    """Return conditions that a value becomes the type as it is, unrounded.

    The first is quick and holds for nearly all values; the second is exact.
    """
    cast = f"try_cast({name} as {data_type})"
    text = f"cast({name} as varchar)"
    number = f"try_cast({name} as double)"
    decimal = _DECIMAL.fullmatch(data_type)
    if decimal:
        digits, scale = map(int, decimal.groups())
        written = literal(f"[+-]?[0-9]*[.]?[0-9]{{0,{scale}}}0*")
        units = f"({number} * 1e{scale})"
        return (
            f"regexp_full_match({text}, {written}) and {cast} is not null",
            # Above 2 to the 53rd, doubles are not exact. Half a millionth of the last
            # digit is what they make of 0.1 + 0.2.
            f"abs({number}) < {min(10**digits, 2**53)}e-{scale} "
            f"and abs({units} - round({units})) < 5e-7",
        )
    if data_type in _DIGITS:
        whole = literal(" *[+-]?[0-9]+([.]0*)? *")
        return (
            f"regexp_full_match({text}, '[0-9]{{1,{_DIGITS[data_type]}}}')",
            f"regexp_full_match({text}, {whole}) and {cast} is not null",
        )
    if data_type == "date":
        moment = f"try_cast(rtrim({text}) as timestamp)"
        return "false", f"isfinite({moment}) and {moment} = cast({cast} as timestamp)"
    if data_type == "timestamp":
        return "false", f"isfinite(try_cast({_with_minutes(text)} as timestamp))"
    if data_type == "double":
        return "false", f"isfinite({cast})"
    return "false", f"{cast} is not null"
