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


def has_sums(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[ColumnGuess],
    amount: str,
    order: str | None,
) -> bool:
    """Return whether one row of each order, or None: file, is the sum of the others."""
    whole = _place(columns, order) if order else "file_number"
    # Digits alone are as good as numbers where all have as many behind the sign; each
    # part may have been rounded.
    digits = f"regexp_replace({_place(columns, amount)}, '[^0-9]', '', 'g')"
    return connection.execute(
        f"""select coalesce(count(*) filter (parts > 2) >= {_FEWEST if order else 1}
            and avg(has_sum::integer) >= {_NEARLY_ALL}, false)
        from (
            select count(*) as parts, abs(max(part) * 2 - sum(part)) < parts as has_sum
            from (
                select {whole} as whole, try_cast({digits} as hugeint) as part
                from sample
            )
            where whole is not null and part > 0
            group by whole having count(*) > 1
        )"""
    ).fetchone()[0]


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
