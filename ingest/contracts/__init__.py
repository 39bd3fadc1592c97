"""What a data contract says: sources, their tables, their columns."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from ingest.contracts.formats import PLAIN, Format

# A column's type with its digits, and those of them behind the point.
DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")
# A column of an amount that says what it is worth where it is empty.
_FILLED = re.compile(r'coalesce\(\s*"?[\w ]+"?\s*,', re.IGNORECASE)
# Names that landing gives to columns of its own: no file may have them.
LANDING_NAMES = frozenset(
    {"_file_id", "_line", "_load_id", "file_index", "file_row_number"}
)
# And the raw views and the macros: no contract may.
OWN_NAMES = LANDING_NAMES | {
    "_change_number",
    "_correction_rank",
    "_delivered_at",
    "_file_number",
    "_is_change",
    "_known_at",
    "_last_load_id",
    "_row_id",
    "_row_number",
    "_version_rank",
}
Delivery = Literal["snapshot", "upsert", "append"]


@dataclass(frozen=True)
class Column:
    """One column as the exporting system promises it.

    Attributes
    ----------
    format
        How its values are written: of dates and timestamps in the letters of
        ``strptime`` (``%d.%m.%Y``), of booleans as two words (``yes/no``); None: as
        in ISO 8601, and true/false.
    optional
        Whether a file may leave it out; then it is empty.
    was
        Names that it had in earlier deliveries; none: it is new. None: nobody says.
    """

    name: str
    data_type: str
    required: bool
    personal: str | None
    format: str | None = None
    optional: bool = False
    was: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and those that it had."""
        return (self.name, *(self.was or ()))


@dataclass(frozen=True)
class Table:
    """One exported table: where it comes from, how it is delivered, what it holds.

    Attributes
    ----------
    export
        Pattern below ``exports/`` that the table's files match, or with a connection
        one of paths there; None: it is read from a database.
    delivery
        ``snapshot``: each delivery is the whole table; ``upsert``: changes by key;
        ``append``: events.
    known_at
        Column that says when a row became known; None: the delivery says it.
    control_amount
        SQL expression over the raw columns whose sum must reach the marts. Where one
        of them may be empty, ``coalesce(<column>, ...)`` says what it is worth then.
    max_rejects
        Share of a load's rows that may break the contract; above it the load fails.
    max_deletions
        Share of a snapshot table's rows that a delivery may lack; above it none of
        them counts as deleted.
    freshness_days
        Age of the newest business date above which `crm status` complains.
    optional
        Whether the source may never deliver it; otherwise `crm status` complains.
    format
        How its files are written.
    connection, relation
        The deployment's connection, and of a database the table there
        (``schema.table``); None: it comes as files below ``exports/``.
    cursor
        Column that grows with each change; only what is new by it is read. None: the
        whole table is. A number far above all others hides what comes below it: unlike
        of times, of numbers nothing tells which are not due yet.
    overlap
        How far below the cursor's highest landed value reading begins again.
    """

    source: str
    name: str
    description: str
    export: str | None
    delivery: Delivery
    key: tuple[str, ...]
    version_by: str | None
    known_at: str | None
    control_amount: str | None
    max_rejects: float
    max_deletions: float
    freshness_days: int | None
    optional: bool
    timezone: str
    columns: tuple[Column, ...]
    format: Format = PLAIN
    connection: str | None = None
    relation: str | None = None
    cursor: str | None = None
    overlap: timedelta | int | None = None

    @property
    def full_name(self) -> str:
        """``<source>.<table>``, as messages and the ledger spell it."""
        return f"{self.source}.{self.name}"

    @property
    def origin(self) -> str:
        """Where it comes from, as messages and Dagster's page spell it."""
        if self.connection is None:
            return f"exports/{self.export}"
        return f"{self.connection}/{self.relation or self.export}"

    def place(self, path: str) -> str:
        """Spell a file of its ledger so that a person finds it."""
        return f"exports/{path}" if self.connection is None else path

    @property
    def raw_schema(self) -> str:
        """The schema in which DuckDB sees the landed rows."""
        return f"raw_{self.source}"

    @cached_property
    def types(self) -> dict[str, str]:
        """Column name to DuckDB type, in the contract's order."""
        return {column.name: column.data_type for column in self.columns}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that its columns have, and had."""
        return frozenset(name for column in self.columns for name in column.names)

    @cached_property
    def required(self) -> frozenset[str]:
        """Columns that may not be empty: a key never may, nor what is added up."""
        amount = _FILLED.sub("coalesce(", self.control_amount or "")
        return frozenset(
            column.name
            for column in self.columns
            if column.required
            or column.name in self.key
            or re.search(rf"\b{re.escape(column.name)}\b", amount)
        )

    @cached_property
    def columns_hash(self) -> str:
        """Digest of what decides which rows break the contract."""
        types = [(column.name, column.data_type) for column in self.columns]
        decides = [types, sorted(self.required), self.known_at, self.timezone]
        # Of contracts that say nothing of formats it is what it was before they could.
        formats = {column.name: column.format for column in self.columns}
        if any(formats.values()) or self.format != PLAIN:
            decides += [formats, self.format]
        text = repr(tuple(decides))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def reading(self) -> dict[str, Any]:
        """What makes values of the text in its files, as records of loads have it."""
        return {
            "decimal": self.format.decimal,
            "thousands": self.format.thousands,
            "nulls": list(self.format.nulls),
            "timezone": self.timezone,
            "columns": {c.name: [c.data_type, c.format] for c in self.columns},
        }


@dataclass(frozen=True)
class Source:
    """One operational system: a folder of exports and the entities it supplies."""

    name: str
    timezone: str
    currency: str
    tables: tuple[Table, ...]
    entities: tuple[str, ...]
