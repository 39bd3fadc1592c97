"""The contracts of the project: every source's ``_<source>__sources.yml``."""

import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dbt_models import SOURCES_DIR, Deployment, WarehouseError, nearest, time_zones
from ingest.connections import read_connections
from ingest.contracts import DECIMAL, Column, Source, Table
from ingest.formats import read_column_format, read_format
from ingest.origins import ORIGIN_KEYS, read_origin

# One row in a hundred; a table that cannot bear that says so in its contract.
_MAX_REJECTS = 0.01
# Half a table does not vanish from one delivery to the next, but half a file does.
_MAX_DELETIONS = 0.5
_DELIVERIES = ("snapshot", "upsert", "append")
_SOURCE_KEYS = {"timezone", "currency"}
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
_COLUMN_KEYS = {"format", "personal", "required"}
_TYPE = re.compile(
    f"boolean|integer|bigint|double|date|timestamp|varchar|{DECIMAL.pattern}"
)


def read_sources() -> list[Source]:
    """Read every contract in the project.

    Raises
    ------
    WarehouseError
        If a contract has an unknown key or type, or names a column it lacks.
    """
    folders = sorted(path for path in SOURCES_DIR.iterdir() if path.is_dir())
    return [read_source(folder) for folder in folders]


def read_source(folder: Path) -> Source:
    """Read the contract of the source in a folder.

    Raises
    ------
    WarehouseError
        If the contract has an unknown key or type, or names a column it lacks.
    """
    path = folder / f"_{folder.name}__sources.yml"
    try:
        return _read_source(folder, path)
    except (KeyError, TypeError, AttributeError) as error:
        raise WarehouseError(
            f"{path}: the contract is not of the right form ({error!r}). "
            "Compare it with the contract of another source."
        ) from error


def active_sources(deployment: Deployment) -> list[Source]:
    """Return the sources whose exports or connections are there, or were landed before.

    ``settings.yml`` has the last word (``sources: {<name>: true|false}``).
    """
    return [
        source
        for source in read_sources()
        if deployment.switches.get(source.name, _has_data(source, deployment))
    ]


def _has_data(source: Source, deployment: Deployment) -> bool:
    return (deployment.raw / source.name).is_dir() or any(
        next(deployment.exports.glob(table.export), None) is not None
        if table.connection is None
        else table.connection in read_connections(deployment)
        for table in source.tables
    )


# A run asks for its contracts dozens of times, and reading YAML is slow.
@cache
def _parse(text: str) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _read_source(folder: Path, path: Path) -> Source:
    try:
        spec = _parse(path.read_text())["sources"][0]
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError) as error:
        raise WarehouseError(f"{path} is not a dbt source file: {error!r}") from error
    if spec["name"] != folder.name or spec.get("schema") != f"raw_{folder.name}":
        raise WarehouseError(
            f"{path}: the source must be named '{folder.name}', like its folder, "
            f"with 'schema: raw_{folder.name}'."
        )
    meta = _meta(spec, _SOURCE_KEYS, f"{path}: source {folder.name}")
    zone = _required(meta, "timezone", f"{path}: source {folder.name}")
    if zone not in time_zones():
        raise WarehouseError(
            f"{path}: source {folder.name}: unknown timezone '{zone}'. "
            f"{nearest(str(zone), sorted(time_zones()))}"
        )
    prefix = f"int_{folder.name}__"
    tables = tuple(_read_table(folder.name, meta, t, path) for t in spec["tables"])
    entities = sorted(
        sql.stem.removeprefix(prefix) for sql in folder.glob(f"{prefix}*")
    )
    if "transactions" in entities and not any(t.control_amount for t in tables):
        raise WarehouseError(
            f"{path}: a source of transactions must say with control_amount, at one "
            "table or more, what has to reach the marts to the cent."
        )
    return Source(
        name=folder.name,
        timezone=zone,
        currency=_required(meta, "currency", f"{path}: source {folder.name}"),
        tables=tables,
        entities=tuple(entities),
    )


def _read_table(
    source: str, source_meta: Mapping[str, Any], spec: Mapping[str, Any], path: Path
) -> Table:
    where = f"{path}: table {spec['name']}"
    meta = _meta(spec, _TABLE_KEYS, where)
    columns = tuple(_read_column(column, where) for column in spec["columns"])
    names = [column.name for column in columns]
    if not isinstance(meta.get("key", []), list):
        raise WarehouseError(f"{where}: key must be a list of columns, such as [id].")
    key = tuple(meta.get("key", []))
    for column in (*key, meta.get("version_by"), meta.get("known_at")):
        if column is not None and column not in names:
            raise WarehouseError(
                f"{where} names a column it does not have: '{column}'. "
                f"{nearest(column, names)}"
            )
    delivery = _required(meta, "delivery", where)
    if delivery not in _DELIVERIES:
        raise WarehouseError(
            f"{where}: unknown delivery '{delivery}'. {nearest(delivery, _DELIVERIES)}"
        )
    if delivery != "append" and not key:
        raise WarehouseError(f"{where}: a {delivery} table needs a key.")
    max_rejects = meta.get("max_rejects", _MAX_REJECTS)
    if not _is_share(max_rejects) or max_rejects == 1:
        raise WarehouseError(
            f"{where}: max_rejects must be a share of the rows, such as 0.01 for one "
            f"in a hundred, not {max_rejects!r}."
        )
    max_deletions = meta.get("max_deletions", _MAX_DELETIONS)
    if not _is_share(max_deletions):
        raise WarehouseError(
            f"{where}: max_deletions must be a share of the rows, such as 0.2 for one "
            f"in five, or 1 for all, not {max_deletions!r}."
        )
    if "max_deletions" in meta and delivery != "snapshot":
        raise WarehouseError(
            f"{where}: max_deletions is for snapshots; of {delivery} tables what is "
            "not delivered again is not deleted."
        )
    freshness = spec.get("config", {}).get("freshness") or {}
    return Table(
        source=source,
        name=spec["name"],
        description=spec.get("description", "").strip(),
        delivery=delivery,
        key=key,
        version_by=meta.get("version_by"),
        known_at=meta.get("known_at"),
        control_amount=meta.get("control_amount"),
        max_rejects=max_rejects,
        max_deletions=max_deletions,
        freshness_days=_days(freshness.get("warn_after")),
        optional=meta.get("optional", False),
        timezone=source_meta["timezone"],
        columns=columns,
        format=read_format(meta.get("format", {}), where),
        **read_origin(
            meta, {column.name: column.data_type for column in columns}, where
        ),
    )


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1


def _days(period: Mapping[str, Any] | None) -> int | None:
    """Return dbt's count and period in whole days."""
    if not period:
        return None
    unit = {"minute": 60 * 24, "hour": 24, "day": 1}[period["period"]]
    return math.ceil(period["count"] / unit)


def _read_column(spec: Mapping[str, Any], where: str) -> Column:
    where = f"{where}, column {spec['name']}"
    meta = _meta(spec, _COLUMN_KEYS, where)
    data_type = spec.get("data_type", "")
    if not _TYPE.fullmatch(data_type):
        known = ["boolean", "integer", "bigint", "double", "date", "timestamp"]
        raise WarehouseError(
            f"{where}: unknown data_type '{data_type}'. "
            f"{nearest(data_type, [*known, 'varchar', 'decimal(18, 2)'])}"
        )
    return Column(
        name=spec["name"],
        data_type=data_type,
        required=meta.get("required", False),
        personal=meta.get("personal"),
        format=read_column_format(meta.get("format"), data_type, where),
    )


def _meta(spec: Mapping[str, Any], known: Iterable[str], where: str) -> dict[str, Any]:
    meta = spec.get("config", {}).get("meta", {})
    for key in meta:
        if key not in known:
            raise WarehouseError(
                f"{where}: unknown contract key '{key}'. {nearest(key, sorted(known))}"
            )
    return meta


def _required(meta: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in meta:
        raise WarehouseError(f"{where}: the contract lacks '{key}' under config.meta.")
    return meta[key]
