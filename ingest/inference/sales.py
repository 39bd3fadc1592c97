"""What the rows of sales say of their amounts: whose they are, and which count less."""

from collections.abc import Sequence

import duckdb

from ingest.inference.columns import ColumnGuess
from ingest.inference.words import snake_case, strength, words
from ingest.sql import literal

# Fewer orders of several lines may have the same amount on all of them by chance.
_FEWEST = 3
_NEARLY_ALL = 0.95
_FEW_WORDS = 50
_HUNDREDTHS = {"cent", "cents", "pence", "pennies", "minor"}


def order_totals(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[ColumnGuess],
    transaction: str,
) -> frozenset[str]:
    """Return the amounts that are one for all lines of an order, or on one line only.

    They are no amounts of lines: each would count as often as its order has lines.
    """
    order = _place(columns, transaction)
    found, is_sure = set(), False
    for place, column in enumerate(columns):
        if not strength(column.name, words()["columns"]["amount"])[0]:
            continue
        several, same = connection.execute(
            f"""select count(*), count(*) filter (amounts <= 1)
            from (
                select count(distinct c{place}) as amounts
                from sample where {order} is not null
                group by {order} having count(*) > 1
            )"""
        ).fetchone()
        if several >= _FEWEST and same >= _NEARLY_ALL * several:
            found.add(column.name)
            nouns = {snake_case(noun) for noun in words()["nouns"]["transaction"]}
            is_named = bool(nouns & set(snake_case(column.name).split("_")))
            # What is one amount in the whole file is no total of anything.
            is_sure |= column.distinct > 1 or is_named
    return frozenset(found) if is_sure else frozenset()


def is_in_hundredths(name: str) -> bool:
    """Return whether a column's name says that it holds cents."""
    return bool(_HUNDREDTHS & set(snake_case(name).split("_")))


def returns_in(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[ColumnGuess],
    amount: Sequence[str],
) -> dict[str, str]:
    """Return column to the word in it that says that money or goods went back.

    Only where the rows' amounts do not say it too, by being less than zero.
    """
    known = ", ".join(literal(word) for word in words()["returned"])
    below = " or ".join(
        f"regexp_matches({_place(columns, name)}, '^[^0-9]*[(\u2212-]|-[^0-9]*$')"
        for name in amount
    )
    found = {}
    for place, column in enumerate(columns):
        if column.data_type != "varchar" or column.distinct > _FEW_WORDS:
            continue
        word = connection.execute(
            f"""select min(c{place}) from sample
            where lower(trim(c{place})) in ({known})
            having count(*) > 0 and not coalesce(bool_or({below}), false)"""
        ).fetchone()
        if word:
            found[column.name] = word[0]
    return found


def _place(columns: Sequence[ColumnGuess], name: str) -> str:
    return next(f"c{n}" for n, column in enumerate(columns) if column.name == name)
