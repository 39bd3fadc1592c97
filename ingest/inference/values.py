"""The values of a column of a sample, and which conditions all of them meet."""

import re
from collections.abc import Hashable, Mapping
from typing import TypeVar

import duckdb

from ingest.sql import literal

# In lower case; what people and programs write for nothing.
NULL_WORDS = (
    *("null", "(null)", "none", "nil", "nan", "na", "n/a", "#n/a", "#ref!", "#div/0!"),
    *("-", "--", "?", "\\n", "k.a.", "(leer)"),
)
_WORDS = ", ".join(map(literal, NULL_WORDS))
_HEAD = 100
Name = TypeVar("Name", bound=Hashable)


def values_of(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, with_words: bool
) -> duckdb.DuckDBPyRelation:
    """Return the filled fields of a column as ``v``, without blanks around them.

    Words that mean nothing are values only ``with_words``.
    """
    text = f"trim({column}, ' \t')"
    words = "" if with_words else f"and lower({text}) not in ({_WORDS})"
    return connection.sql(f"select {text} as v from {table} where {text} <> '' {words}")


def met_by_all(
    values: duckdb.DuckDBPyRelation, conditions: Mapping[Name, tuple[str, str]]
) -> list[Name]:
    """Return the names of the conditions that all values meet.

    A condition is a regular expression and, for what that cannot say, SQL over ``v``.
    """
    head = [text for (text,) in values.limit(_HEAD).fetchall()]
    # The first values refute nearly all of hundreds, which SQL would first compile.
    found = [
        name
        for name, (pattern, _) in conditions.items()
        if all(re.fullmatch(pattern, text) for text in head)
    ]
    if not head or not found:
        return []
    tests = ", ".join(
        f"bool_and(regexp_full_match(v, {literal(pattern)}) and {sql})"
        for pattern, sql in (conditions[name] for name in found)
    )
    met = values.aggregate(tests).fetchone()
    return [name for name, is_met in zip(found, met, strict=True) if is_met]
