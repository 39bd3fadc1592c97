"""A contract to write down, whole or with something changed in it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

SHOP = yaml.safe_load("""
name: shop
schema: raw_shop
config: {meta: {timezone: Europe/Berlin, currency: EUR}}
tables:
  - name: sales
    description: One row per sale.
    config:
      freshness: {warn_after: {count: 3, period: day}}
      meta:
        export: shop/sales*.csv
        delivery: upsert
        key: [id, line]
        version_by: changed_at
        known_at: paid_at
        control_amount: amount
    columns:
      - {name: id, data_type: bigint, config: {meta: {required: true}}}
      - {name: line, data_type: integer}
      - {name: amount, data_type: "decimal(12, 2)"}
      - {name: paid_at, data_type: timestamp}
      - {name: changed_at, data_type: timestamp}
      - {name: email, data_type: varchar, config: {meta: {personal: contact}}}
  - name: events
    config: {meta: {export: shop/e*.csv, delivery: append, optional: true}}
    columns: [{name: what, data_type: varchar}]
""")
GONE = object()
META, SALES = ("config", "meta"), ("tables", 0)
SALES_META, ID = (*SALES, *META), (*SALES, "columns", 0)


def write(sources: Path, spec: Any, name: str = "shop") -> Path:
    """Write a contract where it belongs."""
    path = sources / name / f"_{name}__sources.yml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({"version": 2, "sources": [spec]}))
    return path


def changed(*changes: tuple[tuple, Any]) -> dict[str, Any]:
    """Return the shop's contract with other values at these places."""
    spec = deepcopy(SHOP)
    for (*places, last), value in changes:
        inner = spec
        for place in places:
            inner = inner[place]
        if value is GONE:
            del inner[last]
        else:
            inner[last] = value
    return spec


# The shop's sales, read from a database instead of files.
FROM_DATABASE = (
    ((*SALES_META, "export"), GONE),
    ((*SALES_META, "connection"), "erp"),
    ((*SALES_META, "relation"), "public.sales"),
)
