"""Quoting of names and values in SQL text."""

from collections.abc import Iterable


def literal(value: object) -> str:
    """Quote a value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """Quote values as an SQL list of strings."""
    return "[" + ", ".join(map(literal, values)) + "]"


def identifier(name: str) -> str:
    """Quote a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
