"""What dlt reads (Salesforce, HubSpot, Shopify, any REST API), as files of JSON lines.

A connection ``hub: dlt://web_shop?token=...`` takes ``source(token=...)`` of
``ingest/dlt_sources/web_shop.py``, which returns a dlt source; a table's ``export`` is
the name of one of its resources.
"""

import importlib
import inspect
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from pathlib import Path
from types import ModuleType
from typing import Any

from dbt_models import WarehouseError, nearest
from ingest.elsewhere.connections import Connection
from ingest.elsewhere.reasons import first_line, kind_and_place

_SURROGATE = re.compile("[\ud800-\udfff]")


def records(
    connection: Connection, resource: str, since: int | date | None
) -> Callable[[], Iterator[bytes]]:
    """Return what yields the resource's records, a line of JSON each.

    Parameters
    ----------
    since
        Passed on if ``source()`` takes it: the cursor's value from which on to read.

    Raises
    ------
    WarehouseError
        If there is no such source or resource, it cannot be called so, or fails.
    """
    # Nothing leaves this machine but what is asked of the source.
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    resources = _resources(connection, since)
    if resource not in resources:
        raise WarehouseError(
            f"the connection {connection.name} has no resource '{resource}'. "
            f"{nearest(resource, list(resources))}"
        )
    return lambda: _lines(connection, resource, resources[resource])


def _resources(
    connection: Connection, since: int | date | None
) -> Mapping[str, Iterable[Any]]:
    """Return what the module's ``source()`` has, by name."""
    module = _module(connection)
    given = {key: value for key, value in connection.options.items() if key != "host"}
    if connection.password:
        given["password"] = connection.password
    try:
        known = inspect.signature(module.source).parameters
        for key in given:
            if key not in known:
                raise WarehouseError(
                    f"source() of {_path(connection)} takes no '{key}', which the "
                    f"connection {connection.name} gives. {nearest(key, list(known))}"
                )
        if "since" in known:
            given["since"] = since
        found = module.source(**given)
    except WarehouseError:
        raise
    except Exception as error:
        raise _broken(connection, error, "source()") from None
    resources = getattr(found, "resources", None)
    if not isinstance(resources, Mapping):
        raise WarehouseError(
            f"source() of {_path(connection)}, which the connection {connection.name} "
            f"names, must return a dlt source, not a {type(found).__name__}"
        )
    return resources


def _module(connection: Connection) -> ModuleType:
    name = f"ingest.dlt_sources.{connection.options['host']}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise WarehouseError(
            f"the connection {connection.name} needs {_path(connection)} with a "
            "function source(), and dlt (pip install 'crm-warehouse[dlt]'); "
            f"{error.name} is not there"
        ) from error
    except Exception as error:
        raise _broken(connection, error, "its import") from None


def _path(connection: Connection) -> str:
    return f"ingest/dlt_sources/{connection.options['host']}.py"


def _broken(connection: Connection, error: Exception, what: str) -> WarehouseError:
    """Return the failure of a module before it had read anything."""
    said = connection.without_secrets(first_line(error))
    return WarehouseError(
        f"{_path(connection)}, which the connection {connection.name} names: {what} "
        f"failed ({type(error).__name__}: {said}). See that the address in "
        "connections.yml is right, or mend the module, and run again."
    )


def _lines(
    connection: Connection, resource: str, items: Iterable[Any]
) -> Iterator[bytes]:
    from dlt.common.exceptions import DltException

    number = 0
    try:
        for item in items:
            # Some resources yield tables of Arrow's.
            rows = item.to_pylist() if hasattr(item, "to_pylist") else [item]
            for row in rows:
                number += 1
                text = json.dumps(row, default=_plain, ensure_ascii=False)
                if _SURROGATE.search(text):
                    raise WarehouseError(
                        f"{connection.name}/{resource}: record {number:,} has a text "
                        "with half a character in it (a lone surrogate). Mend it "
                        f"there, or let {_path(connection)} leave it out; what was "
                        "fetched before stays."
                    )
                yield text.encode() + b"\n"
    except WarehouseError:
        raise
    except Exception as error:
        cause = _root(error)
        if isinstance(cause, (OSError, DltException)):
            raise ConnectionError(str(cause)) from None
        # What others say may repeat a record.
        path = Path(_module(connection).__file__)
        raise WarehouseError(
            f"{connection.name}/{resource}: {_path(connection)} failed behind "
            f"{number:,} records ({kind_and_place(cause, path)}). Mend it and run "
            "again; what was fetched before stays."
        ) from None


def _root(error: BaseException) -> BaseException:
    """Return what an error came from: dlt wraps those of others in its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
