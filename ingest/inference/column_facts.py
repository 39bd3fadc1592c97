"""What is counted of the columns of the relation ``sample``."""

import re
from collections.abc import Mapping, Sequence

import duckdb

from ingest.inference.numbers import CURRENCIES, SYMBOLS
from ingest.inference.values import NULL_WORDS
from ingest.inference.words import strength, words
from ingest.sql import literal

# Exports of other programs leave these words also in columns of text.
_EMPTY_TEXTS = ("NULL", "\\N", "(null)", "#N/A")


def counts_of(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str]
) -> dict[str, tuple[int, int, int, bool, str, str, int]]:
    """Return rows, filled, distinct, has blanks, lowest, highest, longest of each."""
    nothing = ", ".join(map(literal, ("", *(w.lower() for w in NULL_WORDS))))
    found = {}
    for place, name in enumerate(names):
        text = f"trim(c{place}, ' \t')"
        filled = f"c{place} is not null and lower({text}) not in ({nothing})"
        found[name] = connection.execute(
            f"""select count(*), count(*) filter ({filled}),
                count(distinct c{place}) filter ({filled}),
                coalesce(bool_or(c{place} <> trim(c{place})) filter ({filled}), false),
                min({text}) filter ({filled}), max({text}) filter ({filled}),
                max(length({text}))
            from sample"""
        ).fetchone()
    return found


def null_words(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], typed: set[str]
) -> list[str]:
    """Return the words for nothing that stand in columns of other types than text."""
    known = ", ".join(map(literal, NULL_WORDS))
    found: set[str] = set()
    for place, name in enumerate(names):
        texts = connection.execute(
            f"""select distinct c{place} from sample
            where c{place} is not null and
                (trim(c{place}, ' \t') = '' or lower(trim(c{place})) in ({known}))"""
        ).fetchall()
        found.update(
            text for (text,) in texts if name in typed or text.strip() in _EMPTY_TEXTS
        )
    return sorted(found)


def symbols_of(
    values: Mapping[str, duckdb.DuckDBPyRelation], numeric: Sequence[str]
) -> list[str]:
    """Return what stands before and behind the numbers, such as currency signs."""
    unsigned = "ltrim(v, '+-')"
    tests = ", ".join(
        f"bool_or(starts_with({unsigned}, {literal(s)}) or ends_with(v, {literal(s)}))"
        for s in SYMBOLS
    )
    found = set()
    for name in numeric:
        seen = values[name].aggregate(tests).fetchone()
        found |= {s for s, is_there in zip(SYMBOLS, seen, strict=True) if is_there}
    return sorted(found, key=SYMBOLS.index)


def currency_column(
    values: Mapping[str, duckdb.DuckDBPyRelation],
) -> tuple[str, tuple[str, ...]] | None:
    """Return the column that says in which currency a row is, and which it says."""
    known = words()["columns"]["currency"]
    found = [
        (strength(name, known), name, codes)
        for name, texts in values.items()
        if strength(name, known)[0]
        and (codes := [code for (code,) in texts.distinct().limit(200).fetchall()])
        and all(re.fullmatch("[A-Za-z]{3}", code) for code in codes)
    ]
    if not found:
        return None
    _, name, codes = max(found)
    return name, tuple(sorted({code.upper() for code in codes}))


def currencies_of(values: duckdb.DuckDBPyRelation) -> str | None:
    """Return the currencies that a column's amounts are in, if they are several."""
    symbols = symbols_of({"": values}, [""])
    codes = {code for symbol in symbols if (code := CURRENCIES[symbol])}
    return " and ".join(sorted(codes)) if len(codes) > 1 else None
