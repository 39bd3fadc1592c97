"""Where a table comes from: files, here or on a server, or a table of a database."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from dbt_models import WarehouseError, nearest
from ingest.contracts.values import check_column

ORIGIN_KEYS = ("connection", "cursor", "export", "overlap", "relation")
_DATABASE_KEYS = ("relation", "cursor", "overlap")
_PERIODS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
# A time is set when a transaction begins and seen when it ends, by clocks that may
# differ; a night's batch ends within a day.
_TIME_OVERLAP = timedelta(days=1)
# Numbers too are given before they are seen; so many are soon read again.
_NUMBER_OVERLAP = 10_000
_NAME = r'(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|[^."`]+)'
_RELATION = re.compile(rf"{_NAME}(?:\.{_NAME})?")


def read_origin(
    meta: Mapping[str, Any], types: Mapping[str, str], where: str
) -> dict[str, Any]:
    """Return the fields of a table that say where it comes from.

    Raises
    ------
    WarehouseError
        If it comes from nowhere or from two places, or a value cannot be right.
    """
    given = [key for key in ("connection", *_DATABASE_KEYS) if key in meta]
    if "export" in meta:
        keys = _DATABASE_KEYS if "connection" not in meta else ("relation",)
        if others := [key for key in keys if key in meta]:
            raise WarehouseError(
                f"{where}: export is for files and {others[0]} for a table of a "
                "database; take one of them away."
            )
        if "connection" in meta:
            _check_connection(meta["connection"], where)
        _check_export(meta["export"], "connection" not in meta, where)
        return {
            "export": meta["export"],
            "connection": meta.get("connection"),
            **_read_cursor(meta, types, where),
        }
    for key in ("connection", "relation"):
        if key not in meta:
            lacking = f"'{key}'" if given else "'export'"
            rest = "" if given else " (or 'connection' and 'relation')"
            raise WarehouseError(
                f"{where}: the contract lacks {lacking} under config.meta{rest}."
            )
    if meta.get("format"):
        raise WarehouseError(
            f"{where}: format says how files are written; a table of a database has "
            "none."
        )
    connection, relation = meta["connection"], meta["relation"]
    _check_connection(connection, where)
    if not isinstance(relation, str) or not _RELATION.fullmatch(relation):
        raise WarehouseError(
            f"{where}: relation must be a table, such as orders or public.orders, "
            f'not {relation!r}. A name with a dot in it is quoted: public."a.b".'
        )
    return {
        "export": None,
        "connection": connection,
        "relation": relation,
        **_read_cursor(meta, types, where),
    }


def _check_export(pattern: Any, is_here: bool, where: str) -> None:
    if not isinstance(pattern, str) or not pattern.strip():
        raise WarehouseError(
            f"{where}: export must be a pattern of files, such as shop/sales*.csv, not "
            f"{pattern!r}. Files of several patterns are several tables."
        )
    if pattern.endswith("/"):
        raise WarehouseError(
            f"{where}: export must be a pattern of files, such as {pattern}*.csv, not "
            f"the folder '{pattern}'."
        )
    path = PurePosixPath(pattern)
    if is_here and (path.is_absolute() or ".." in path.parts):
        raise WarehouseError(
            f"{where}: export must be a pattern below the folder exports/, such as "
            f"shop/sales*.csv, not '{pattern}'. Put the files there, or link to them."
        )


def _check_connection(name: Any, where: str) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name):
        raise WarehouseError(
            f"{where}: connection must be a name in connections.yml, such as erp, not "
            f"{name!r}."
        )


def _read_cursor(
    meta: Mapping[str, Any], types: Mapping[str, str], where: str
) -> dict[str, Any]:
    cursor = meta.get("cursor")
    if cursor is None:
        if "overlap" in meta:
            raise WarehouseError(f"{where}: an overlap needs a cursor.")
        return {}
    check_column(cursor, list(types), where)
    data_type = types[cursor]
    if data_type not in {"timestamp", "date", "integer", "bigint"}:
        raise WarehouseError(
            f"{where}: cursor '{cursor}' must be a timestamp, date, integer or bigint, "
            f"not a {data_type}."
        )
    if meta.get("delivery") == "snapshot":
        raise WarehouseError(
            f"{where}: a snapshot is the whole table; with a cursor, delivery must be "
            "upsert or append."
        )
    read = _read_period if data_type in {"timestamp", "date"} else _read_count
    return {"cursor": cursor, "overlap": read(meta, data_type, where)}


def _read_count(meta: Mapping[str, Any], data_type: str, where: str) -> int:
    overlap = meta.get("overlap", _NUMBER_OVERLAP)
    if type(overlap) is not int or overlap < 0:
        raise WarehouseError(
            f"{where}: overlap must be a whole number, as its cursor is, such as "
            f"{_NUMBER_OVERLAP}, not {overlap!r}."
        )
    return overlap


def _read_period(meta: Mapping[str, Any], data_type: str, where: str) -> timedelta:
    if "overlap" not in meta:
        return _TIME_OVERLAP
    overlap = meta["overlap"]
    # A date has no hours.
    periods = ["day"] if data_type == "date" else list(_PERIODS)
    if not isinstance(overlap, Mapping):
        raise WarehouseError(
            f"{where}: overlap must be a time, such as {{count: 2, period: day}}, not "
            f"{overlap!r}."
        )
    for key in (*overlap, "count", "period"):
        if key not in {"count", "period"}:
            raise WarehouseError(
                f"{where}: unknown key '{key}' of overlap. "
                f"{nearest(str(key), ['count', 'period'])}"
            )
        if key not in overlap:
            raise WarehouseError(f"{where}: overlap lacks '{key}'.")
    count, period = overlap["count"], overlap["period"]
    if type(count) is not int or not 0 <= count <= 10_000:
        raise WarehouseError(
            f"{where}: count of overlap must be a whole number up to 10,000, not "
            f"{count!r}."
        )
    if period not in periods:
        raise WarehouseError(
            f"{where}: unknown period '{period}' of overlap for a {data_type}. "
            f"{nearest(str(period), periods)}"
        )
    return count * _PERIODS[period]
