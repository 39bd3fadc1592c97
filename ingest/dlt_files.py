"""What dlt reads (Salesforce, HubSpot, Shopify, any REST API), as files of JSON lines.

A connection ``hub: dlt://web_shop?token=...`` takes ``source(token=...)`` of
``ingest/dlt_sources/web_shop.py``, which returns a dlt source; a table's ``export`` is
the name of one of its resources.
"""

import importlib
import inspect
import json
import os
from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Any

from dbt_models import WarehouseError, nearest
from ingest.connections import Connection


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
        If there is no such source or resource, or it cannot be called so.
    """
    # Nothing leaves this machine but what is asked of the source.
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    name = connection.options["host"]
    try:
        module = importlib.import_module(f"ingest.dlt_sources.{name}")
    except ModuleNotFoundError as error:
        raise WarehouseError(
            f"the connection {connection.name} needs ingest/dlt_sources/{name}.py with "
            "a function source(), and dlt (pip install 'crm-warehouse[dlt]'); "
            f"{error.name} is not there"
        ) from error
    given = {key: value for key, value in connection.options.items() if key != "host"}
    if connection.password:
        given["password"] = connection.password
    known = inspect.signature(module.source).parameters
    for key in given:
        if key not in known:
            raise WarehouseError(
                f"source() of ingest/dlt_sources/{name}.py takes no '{key}', which the "
                f"connection {connection.name} gives. {nearest(key, list(known))}"
            )
    if "since" in known:
        given["since"] = since
    resources = module.source(**given).resources
    if resource not in resources:
        raise WarehouseError(
            f"the connection {connection.name} has no resource '{resource}'. "
            f"{nearest(resource, list(resources))}"
        )

    def lines() -> Iterator[bytes]:
        from dlt.common.exceptions import DltException

        try:
            for item in resources[resource]:
                # Some resources yield tables of Arrow's.
                rows = item.to_pylist() if hasattr(item, "to_pylist") else [item]
                for row in rows:
                    text = json.dumps(row, default=_plain, ensure_ascii=False)
                    yield text.encode() + b"\n"
        except DltException as error:
            raise ConnectionError(str(error)) from error

    return lines


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
