"""What a row must keep to be landed, as SQL over its columns as a reader gives them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType

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


def checks_of(table: Table, reader: ModuleType) -> list[Check]:
    """Return what the rows of a table must keep that the reader does not see to."""
    found = []
    for column in table.columns:
        name = identifier(column.name)
        if column.name in table.required:
            found.append(
                Check(column.name, "empty, but required", f"{name} is not null")
            )
        read_type = reader.read_type(column.data_type)
        if read_type != column.data_type or read_type == "double":
            quick, exact = _fits(name, column.data_type, read_type)
            found.append(
                Check(
                    column.name,
                    not_a(column.data_type),
                    # `case` does not look further once it knows, `or` does.
                    f"case when {name} is null or {quick} then true "
                    f"else coalesce({exact}, false) end",
                )
            )
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
    """Return the SQL that makes a value that was read one of the contract's type.

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
        else cast({column} as timestamp)
    end"""


def _fits(name: str, data_type: str, read_type: str | None) -> tuple[str, str]:
    """Return conditions that a value becomes the type as it is, unrounded.

    The first is quick and holds for nearly all values; the second is exact.
    """
    cast = f"try_cast({name} as {data_type})"
    decimal = _DECIMAL.fullmatch(data_type)
    if data_type in _DIGITS and read_type == "varchar":
        whole = literal(" *[+-]?[0-9]+([.]0*)? *")
        return (
            f"regexp_full_match({name}, '[0-9]+') "
            f"and length({name}) <= {_DIGITS[data_type]}",
            f"regexp_full_match({name}, {whole}) and {cast} is not null",
        )
    if decimal:
        digits, scale = map(int, decimal.groups())
        number = name if read_type == "double" else f"try_cast({name} as double)"
        units = f"({number} * 1e{scale})"
        # Above 2 to the 53rd, doubles are not exact.
        fits = f"abs({number}) < {min(10**digits, 2**53)}e-{scale} and "
        return (
            f"{fits} round({number}, {scale}) = {number}",
            # Half a millionth of the last digit: what doubles make of 0.1 + 0.2.
            f"{fits} abs({units} - round({units})) < 5e-7",
        )
    if data_type in _DIGITS:
        number = f"try_cast({name} as double)"
        fits = f"{cast} is not null and abs({number} - round({number})) < 5e-7"
    elif data_type == "date":
        moment = f"try_cast({name} as timestamp)"
        fits = f"isfinite({moment}) and {moment} = cast({cast} as timestamp)"
    elif data_type in {"timestamp", "double"}:
        fits = f"isfinite({cast})"
    else:
        fits = f"{cast} is not null"
    return "false", fits
