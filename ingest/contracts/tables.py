"""The tables of a contract, and their columns."""

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from dbt_models import WarehouseError, nearest
from ingest.contracts import Table
from ingest.contracts.columns import check_earlier_names, read_column
from ingest.contracts.format_keys import read_format
from ingest.contracts.origins import ORIGIN_KEYS, read_origin
from ingest.contracts.values import (
    check_column,
    choice,
    column_of,
    flag,
    list_of,
    map_of,
    meta_of,
    required,
    share,
)
from ingest.sql import ask, identifier

# One row in a hundred; a table that cannot bear that says so in its contract.
_MAX_REJECTS = 0.01
# Half a table does not vanish from one delivery to the next, but half a file does.
_MAX_DELETIONS = 0.5
_DELIVERIES = ("snapshot", "upsert", "append")
_TABLE_KEYS = {
    "control_amount",
    "delivery",
    "format",
    "key",
    "known_at",
    "max_deletions",
    "max_rejects",
    "optional",
    "version_by",
    *ORIGIN_KEYS,
}
# Of dbt's freshness: how many of them are a day.
_PERIODS = {"minute": 60 * 24, "hour": 24, "day": 1}


def read_table(
    source: str, timezone: str, spec: Mapping[str, Any], path: Path
) -> Table:
    """Read one table of a source's contract.

    Raises
    ------
    WarehouseError
        If something in it cannot be right.
    """
    where = f"{path}: table {spec['name']}"
    if not re.fullmatch(r"\w+", spec["name"]):
        raise WarehouseError(
            f"{where}: a table's name has only letters, digits and underscores."
        )
    meta = meta_of(spec, _TABLE_KEYS, where)
    columns = tuple(read_column(c, where) for c in list_of(spec, "columns", where))
    check_earlier_names(columns, where)
    types = {column.name: column.data_type for column in columns}
    names = list(types)
    for column in columns:
        if column.format and column.name == meta.get("cursor"):
            raise WarehouseError(
                f"{where}: cursor '{column.name}' has a format: it is text, which the "
                "database cannot compare as what it means. Take another column, or "
                "none; then the whole table is read."
            )
    key = meta.get("key", [])
    if not isinstance(key, list):
        raise WarehouseError(f"{where}: key must be a list of columns, such as [id].")
    for column in key:
        check_column(column, names, where)
        if key.count(column) > 1:
            raise WarehouseError(f"{where}: {column} stands in its key twice.")
    delivery = choice(required(meta, "delivery", where), _DELIVERIES, "delivery", where)
    if delivery != "append" and not key:
        raise WarehouseError(f"{where}: a {delivery} table needs a key.")
    max_rejects = share(
        meta, "max_rejects", _MAX_REJECTS, "0.01 for one in a hundred", where
    )
    if max_rejects == 1:
        raise WarehouseError(
            f"{where}: max_rejects of 1 would take in a file of which nothing is "
            "right; let it be less."
        )
    max_deletions = share(
        *(meta, "max_deletions", _MAX_DELETIONS),
        *("0.2 for one in five, or 1 for all", where),
    )
    if "max_deletions" in meta and delivery != "snapshot":
        raise WarehouseError(
            f"{where}: max_deletions is for snapshots; of {delivery} tables what is "
            "not delivered again is not deleted."
        )
    return Table(
        source=source,
        name=spec["name"],
        description=str(spec.get("description") or "").strip(),
        delivery=delivery,
        key=tuple(key),
        version_by=column_of(meta, "version_by", names, where),
        known_at=_read_known_at(meta, types, where),
        control_amount=_read_amount(meta, types, where),
        max_rejects=max_rejects,
        max_deletions=max_deletions,
        freshness_days=_read_freshness(spec, where),
        optional=flag(meta, "optional", where),
        timezone=timezone,
        columns=columns,
        format=read_format(
            meta.get("format", {}), names, str(meta.get("export")), where
        ),
        **read_origin(meta, types, where),
    )


def _read_known_at(
    meta: Mapping[str, Any], types: Mapping[str, str], where: str
) -> str | None:
    name = column_of(meta, "known_at", list(types), where)
    if name is not None and types[name] not in {"date", "timestamp"}:
        raise WarehouseError(
            f"{where}: known_at '{name}' must be a date or a timestamp, not a "
            f"{types[name]}."
        )
    return name


def _read_amount(
    meta: Mapping[str, Any], types: Mapping[str, str], where: str
) -> str | None:
    amount = meta.get("control_amount")
    if amount is None:
        return None
    if not isinstance(amount, str):
        raise WarehouseError(
            f"{where}: control_amount must be a column or SQL of columns, such as "
            f"quantity * price, not {amount!r}."
        )
    if mistake := _mistake(amount, tuple(types.items())):
        raise WarehouseError(
            f"{where}: control_amount '{amount}' cannot be added up: {mistake}"
        )
    return amount


# A run asks for its contracts dozens of times.
@cache
def _mistake(amount: str, types: Sequence[tuple[str, str]]) -> str | None:
    """Return what is wrong with an expression over columns of these types, if so."""
    columns = ", ".join(f"null::{type_} as {identifier(n)}" for n, type_ in types)
    try:
        # As landing and the build add it up.
        ask(f"select sum({amount})::decimal(38, 4) from (select {columns})")
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        unknown = re.search('Referenced column "(.+?)" not found', said)
        if unknown is None:
            return said
        known = [name for name, _ in types]
        return f"there is no column {unknown[1]}. {nearest(unknown[1], known)}"
    return None


def _read_freshness(spec: Mapping[str, Any], where: str) -> int | None:
    """Return dbt's count and period in whole days."""
    freshness = map_of(map_of(spec, "config", where), "freshness", where)
    warn_after = map_of(freshness, "warn_after", f"{where}: freshness")
    if not warn_after:
        return None
    count, period = warn_after.get("count"), warn_after.get("period")
    choice(period, list(_PERIODS), "period of freshness", where)
    if type(count) is not int or count < 1:
        raise WarehouseError(
            f"{where}: count of freshness must be a whole number above 0, not "
            f"{count!r}."
        )
    return math.ceil(count / _PERIODS[period])
