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
_WHOLE = ("integer", "bigint")
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
            fits = _fits(name, column.data_type, read_type)
            found.append(
                Check(
                    column.name,
                    not_a(column.data_type),
                    f"({name} is null or coalesce({fits}, false))",
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


def _fits(name: str, data_type: str, read_type: str | None) -> str:
    """Return the condition that a value becomes the type as it is, unrounded."""
    cast = f"try_cast({name} as {data_type})"
    match = _DECIMAL.fullmatch(data_type)
    if data_type in _WHOLE and read_type == "varchar":
        text = literal(" *[+-]?[0-9]+([.]0*)? *")
        return f"regexp_full_match({name}, {text}) and {cast} is not null"
    if match or data_type in _WHOLE:
        scale = match[2] if match else 0
        units = f"(try_cast({name} as double) * 1e{scale})"
        # Half a millionth of the last digit: what doubles make of 0.1 + 0.2.
        exact = f"{cast} is not null and abs({units} - round({units})) < 5e-7"
        # Above it, doubles are not exact.
        return f"{exact} and abs({units}) < {2**53}" if match else exact
    if data_type == "date":
        moment = f"try_cast({name} as timestamp)"
        return f"isfinite({moment}) and {moment} = cast({cast} as timestamp)"
    if data_type in {"timestamp", "double"}:
        return f"isfinite({cast})"
    return f"{cast} is not null"
