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
        if column.required:
            found.append(
                Check(column.name, "empty, but required", f"{name} is not null")
            )
        if reader.read_type(column.data_type) != column.data_type:
            fits = _fits(name, column.data_type)
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
                "before 1970 or later than its delivery",
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


def _fits(name: str, data_type: str) -> str:
    """Return the condition that a value becomes the type as it is, unrounded.

    Half a millionth of the last digit is forgiven: what doubles make of 0.1 + 0.2.
    """
    fits = f"try_cast({name} as {data_type}) is not null"
    match = _DECIMAL.fullmatch(data_type)
    if match is None and data_type not in _WHOLE:
        return fits
    scale = match[2] if match else 0
    units = f"(try_cast({name} as double) * 1e{scale})"
    fits += f" and abs({units} - round({units})) < 5e-7"
    # Above it, doubles are not exact.
    return f"{fits} and abs({units}) < {2**53}" if match else fits
