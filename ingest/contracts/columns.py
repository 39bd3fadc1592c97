"""The columns of a contract's table."""

from collections.abc import Mapping
from typing import Any

from dbt_models import WarehouseError, nearest
from ingest.contracts import DECIMAL, OWN_NAMES, Column
from ingest.contracts.format_keys import read_column_format
from ingest.contracts.values import flag, meta_of

_COLUMN_KEYS = {"format", "optional", "personal", "required"}
_PLAIN_TYPES = (
    "boolean",
    "integer",
    "bigint",
    "double",
    "date",
    "timestamp",
    "varchar",
)


def read_column(spec: Mapping[str, Any], where: str) -> Column:
    """Read a column, which has a name.

    Raises
    ------
    WarehouseError
        If something in it cannot be right.
    """
    where = f"{where}, column {spec['name']}"
    if spec["name"].lower() in OWN_NAMES:
        raise WarehouseError(
            f"{where}: the warehouse itself uses this name; let the exporting system "
            "call the column otherwise."
        )
    meta = meta_of(spec, _COLUMN_KEYS, where)
    data_type = _read_type(spec.get("data_type"), where)
    personal = meta.get("personal")
    if personal is not None and (not isinstance(personal, str) or not personal):
        raise WarehouseError(
            f"{where}: personal must be a word for the kind of data, such as contact, "
            f"not {personal!r}."
        )
    required, optional = (flag(meta, key, where) for key in ("required", "optional"))
    if required and optional:
        raise WarehouseError(
            f"{where}: what is required is not optional; take one of them away."
        )
    return Column(
        name=spec["name"],
        data_type=data_type,
        required=required,
        personal=personal,
        format=read_column_format(meta.get("format"), data_type, where),
        optional=optional,
    )


def _read_type(data_type: Any, where: str) -> str:
    if decimal := DECIMAL.fullmatch(str(data_type)):
        digits, behind = int(decimal[1]), int(decimal[2])
        if not 0 < digits <= 38 or behind > digits:
            raise WarehouseError(
                f"{where}: {data_type} is no type: a decimal has 1 to 38 digits, and "
                "no more behind the point than that."
            )
    elif data_type not in _PLAIN_TYPES:
        raise WarehouseError(
            f"{where}: unknown data_type '{data_type}'. "
            f"{nearest(str(data_type), [*_PLAIN_TYPES, 'decimal(18, 2)'])}"
        )
    return data_type
