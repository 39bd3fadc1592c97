"""The contracts of the project: every source's ``_<source>__sources.yml``."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dbt_models import SOURCES_DIR, Deployment, WarehouseError, nearest, time_zones
from ingest.contracts import Source
from ingest.contracts.tables import read_table
from ingest.contracts.values import list_of, meta_of, required
from ingest.elsewhere.connections import read_connections
from ingest.export_folders import closed_folder

_SOURCE_KEYS = {"timezone", "currency"}


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


def active_tables(deployment: Deployment) -> frozenset[str]:
    """Return the full names of the tables of active sources.

    What was landed of a table that no contract has any more does not count.
    """
    return frozenset(
        table.full_name
        for source in active_sources(deployment)
        for table in source.tables
    )


def _has_data(source: Source, deployment: Deployment) -> bool:
    return (deployment.raw / source.name).is_dir() or any(
        next(deployment.exports.glob(table.export), None) is not None
        # Else a source that cannot be seen would be passed over without a word.
        or closed_folder(table.export, deployment.exports) is not None
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
        found = _parse(path.read_text())["sources"]
        spec = found[0]
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError) as error:
        raise WarehouseError(f"{path} is not a dbt source file: {error!r}") from error
    if len(found) > 1:
        raise WarehouseError(
            f"{path} has {len(found)} entries under 'sources', and only one is read: a "
            "folder is one source. Give each of the others a folder of its own."
        )
    if spec["name"] != folder.name or spec.get("schema") != f"raw_{folder.name}":
        raise WarehouseError(
            f"{path}: the source must be named '{folder.name}', like its folder, "
            f"with 'schema: raw_{folder.name}'."
        )
    where = f"{path}: source {folder.name}"
    meta = meta_of(spec, _SOURCE_KEYS, where)
    zone = required(meta, "timezone", where)
    if not isinstance(zone, str) or zone not in time_zones():
        raise WarehouseError(
            f"{where}: timezone must be a zone such as Europe/Berlin, not {zone!r}. "
            f"{nearest(str(zone), sorted(time_zones()))}"
        )
    currency = required(meta, "currency", where)
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise WarehouseError(
            f"{where}: currency must be a code of three letters such as EUR, not "
            f"{currency!r}."
        )
    specs = list_of(spec, "tables", where)
    tables = tuple(read_table(folder.name, zone, table, path) for table in specs)
    prefix = f"int_{folder.name}__"
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
        currency=currency,
        tables=tables,
        entities=tuple(entities),
    )
