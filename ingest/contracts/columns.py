"""The columns of a contract's table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dbt_models import WarehouseError, nearest
from ingest.contracts import DECIMAL, OWN_NAMES, Column
from ingest.contracts.format_keys import read_column_format
from ingest.contracts.values import choice, flag, meta_of

_COLUMN_KEYS = {"format", "optional", "personal", "required", "was"}
_PERSONAL = ("contact", "demographic", "identity")
_PLAIN_TYPES = (
    "boolean",
    "integer",
    "bigint",
    "double",
    "date",
    "timestamp",
    "varchar",
)
# What other systems call them, where no spelling tells.
_SYNONYMS = {
    "datetime": "timestamp",
    "float": "double",
    "int": "integer",
    "int2": "integer",
    "int4": "integer",
    "int8": "bigint",
    "long": "bigint",
    "number": "decimal(18, 2)",
    "numeric": "decimal(18, 2)",
    "real": "double",
    "smallint": "integer",
    "str": "varchar",
    "string": "varchar",
    "text": "varchar",
}


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
    if personal is not None:
        choice(personal, _PERSONAL, "kind of personal data", where)
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
        was=_read_was(meta, where),
    )


def check_earlier_names(columns: Sequence[Column], where: str) -> None:
    """Raise if a column had a name in ``was`` that another one has, or had.

    Raises
    ------
    WarehouseError
        With the column that says so.
    """
    taken = {column.name.lower() for column in columns}
    for column in columns:
        for name in column.was or ():
            if name.lower() in taken:
                raise WarehouseError(
                    f"{where}, column {column.name}: was names {name}, which is the "
                    "name of a column already, now or earlier. Take one of them away."
                )
            taken.add(name.lower())


def _read_was(meta: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    was = meta.get("was")
    if was is None:
        return None
    if not isinstance(was, list) or not all(isinstance(name, str) for name in was):
        raise WarehouseError(
            f"{where}: was must be a list of the column's earlier names, such as "
            f"[member], or [] of one that is new, not {was!r}."
        )
    return tuple(was)


def _read_type(data_type: Any, where: str) -> str:
    if decimal := DECIMAL.fullmatch(str(data_type)):
        digits, behind = int(decimal[1]), int(decimal[2])
        if not 0 < digits <= 38 or behind > digits:
            raise WarehouseError(
                f"{where}: {data_type} is no type: a decimal has 1 to 38 digits, and "
                "no more behind the point than that."
            )
    elif data_type not in _PLAIN_TYPES:
        name = re.sub(r"[\s(].*", "", str(data_type).lower())
        like = _SYNONYMS.get(name, str(data_type))
        raise WarehouseError(
            f"{where}: unknown data_type '{data_type}'. "
            f"{nearest(like, [*_PLAIN_TYPES, 'decimal(18, 2)'])}"
        )
    return data_type
