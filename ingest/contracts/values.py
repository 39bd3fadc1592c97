"""What a contract's YAML holds, refused in a sentence where it cannot be right."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dbt_models import WarehouseError, nearest


def meta_of(spec: Mapping[str, Any], known: Iterable[str], where: str) -> dict:
    """Return ``config.meta``, which has no keys but the known ones."""
    meta = map_of(map_of(spec, "config", where), "meta", f"{where}: config")
    for key in meta:
        if key not in known:
            raise WarehouseError(
                f"{where}: unknown contract key '{key}'. "
                f"{nearest(str(key), sorted(known))}"
            )
    return meta


def map_of(spec: Mapping[str, Any], key: str, where: str) -> dict:
    """Return a map; an empty one where there is none."""
    found = spec.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WarehouseError(
            f"{where}: {key} must be a map of keys to values, not {found!r}."
        )
    return found


def list_of(spec: Mapping[str, Any], key: str, where: str) -> list[dict]:
    """Return a list of things that have a name, no two the same."""
    found = spec.get(key)
    if not isinstance(found, list) or not found:
        raise WarehouseError(
            f"{where} needs '{key}', a list of one or more that begin with '- name:'."
        )
    seen: set[str] = set()
    for item in found:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise WarehouseError(
                f"{where}: each of its {key} needs a name, such as '- name: id'."
            )
        # SQL takes names that differ in nothing but case for one.
        if name.lower() in seen:
            raise WarehouseError(
                f"{where}: {name} stands twice among its {key}. Take one away."
            )
        seen.add(name.lower())
    return found


def required(meta: Mapping[str, Any], key: str, where: str) -> Any:
    """Return the value of a key that must be there."""
    if key not in meta:
        raise WarehouseError(f"{where}: the contract lacks '{key}' under config.meta.")
    return meta[key]


def choice(value: Any, known: Sequence[str], what: str, where: str) -> str:
    """Return a value that must be one of the known ones."""
    if not isinstance(value, str) or value not in known:
        raise WarehouseError(
            f"{where}: unknown {what} '{value}'. {nearest(str(value), known)}"
        )
    return value


def flag(meta: Mapping[str, Any], key: str, where: str) -> bool:
    """Return true or false, by default false; a text in quotes is neither."""
    value = meta.get(key, False)
    if not isinstance(value, bool):
        raise WarehouseError(f"{where}: {key} must be true or false, not {value!r}.")
    return value


def share(
    meta: Mapping[str, Any], key: str, default: float, example: str, where: str
) -> float:
    """Return a share of rows, from 0 to 1."""
    value = meta.get(key, default)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1:
        raise WarehouseError(
            f"{where}: {key} must be a share of the rows, such as {example}, not "
            f"{value!r}."
        )
    return value


def column_of(
    meta: Mapping[str, Any], key: str, names: Sequence[str], where: str
) -> str | None:
    """Return the name of a column that the table has; None: none is named."""
    name = meta.get(key)
    if name is not None:
        check_column(name, names, where)
    return name


def check_column(name: Any, names: Sequence[str], where: str) -> None:
    """Raise if a table has no column of that name."""
    if name not in names:
        raise WarehouseError(
            f"{where} names a column it does not have: '{name}'. "
            f"{nearest(str(name), names)}"
        )
