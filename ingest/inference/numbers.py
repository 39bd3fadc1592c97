"""How numbers are written in a table, and which type holds those of a column."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from ingest.contracts.formats import NEGATIVES
from ingest.inference.values import met_by_all
from ingest.inference.words import (
    is_money,
    is_number_of_something,
    strength,
    words,
)
from ingest.sql import literal
from ingest.written_numbers import leading_minus

# Signs at amounts, and the currency that each means; kr is that of three countries.
CURRENCIES = {
    **{"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "zł": "PLN", "Kč": "CZK"},
    **{"Ft": "HUF", "₹": "INR", "₺": "TRY", "R$": "BRL", "A$": "AUD", "CA$": "CAD"},
    **{"US$": "USD", "kr": None, "kr.": None, "%": None},
}
_CODES = (
    *("EUR", "USD", "GBP", "CHF", "JPY", "PLN", "CZK", "HUF", "SEK", "NOK", "DKK"),
    *("INR", "TRY", "BRL", "AUD", "CAD", "NZD"),
)
CURRENCIES |= {code: code for code in _CODES}
SYMBOLS = tuple(CURRENCIES)
_SYMBOL = "|".join(map(re.escape, SYMBOLS))
_SIGN = "[+\u2212-]?"
_MAX_BIGINT = 2**63 - 1


@dataclass(frozen=True)
class Style:
    """How numbers are written: the signs inside them.

    Attributes
    ----------
    doubt
        Why it may be another; None if nothing else is possible.
    """

    decimal: str = "."
    thousands: str = ""
    doubt: str | None = None

    @property
    def unsigned(self) -> str:
        """A regular expression of a number, without sign and symbols."""
        decimal = re.escape(self.decimal)
        plain = f"[0-9]+({decimal}[0-9]*)?|{decimal}[0-9]+"
        if self.thousands:
            sign = re.escape(self.thousands)
            plain += f"|[1-9][0-9]{{0,2}}({sign}[0-9]{{3}})+({decimal}[0-9]*)?"
        return f"({plain})([eE][+-]?[0-9]{{1,3}})?"

    def plain(self, value: str) -> str:
        """Return the SQL of a number as SQL writes it."""
        if self.thousands:
            value = f"replace({value}, {literal(self.thousands)}, '')"
        return f"replace({value}, ',', '.')" if self.decimal == "," else value


_STYLES = [
    Style(decimal, thousands)
    for thousands in ("", ",", ".", " ", "'", "\u00a0", "\u202f", "\u2019")
    for decimal in (".", ",")
    if decimal != thousands
]


def styles_of(values: duckdb.DuckDBPyRelation) -> set[Style]:
    """Return the styles in which all values of a column ``v`` are numbers."""
    # A minus stands before the symbol or behind it.
    before = f"({_SIGN}({_SYMBOL}) ?|({_SYMBOL})? ?{_SIGN})"
    behind = f"[ \u00a0]?({_SYMBOL})?"
    return set(
        met_by_all(
            values,
            {style: (f"{before}{style.unsigned}{behind}", "true") for style in _STYLES},
        )
    )


def find_negatives(
    values: Mapping[str, duckdb.DuckDBPyRelation],
    styles: Mapping[str, set[Style]],
) -> tuple[str | None, dict[str, duckdb.DuckDBPyRelation]]:
    """Return how numbers below zero are written, and the columns that have such.

    The columns' values come with the minus first. None: none is written otherwise.
    A column of nothing else is none of numbers: (212) may be the code of an area.
    """
    best: tuple[str | None, dict[str, duckdb.DuckDBPyRelation]] = (None, {})
    for negative in NEGATIVES:
        found = {}
        for name in (name for name in values if not styles[name]):
            moved = values[name].select(f"{leading_minus('v', negative, SYMBOLS)} as v")
            if styles_of(moved) and moved.filter("v not like '-%'").limit(1).fetchone():
                found[name] = moved
        if len(found) > len(best[1]):
            best = negative, found
    return best


def choose_style(columns: Sequence[set[Style]], prefers_comma: bool) -> Style:
    """Return the style by which most columns are numbers, the plainest of several."""
    counts = {style: sum(style in found for found in columns) for style in _STYLES}
    most = max(counts.values())
    best = [style for style, count in counts.items() if count == most]
    if Style() in best and Style(",") in best:
        return Style()  # nothing but whole numbers
    if prefers_comma:
        best.sort(key=lambda style: style.decimal != ",")
    chosen = best[0]
    others = [style for style in best if style.decimal != chosen.decimal]
    if not others:
        return chosen
    doubt = (
        f"1{chosen.thousands or others[0].thousands}234 may be 1.2 or a thousand: "
        f"is '{chosen.decimal}' the decimal sign?"
    )
    return Style(chosen.decimal, chosen.thousands, doubt)


def bare(value: str) -> str:
    """Return the SQL of a number without the symbols before and behind it."""
    signs = literal(f"^([+-]?)({_SYMBOL}) ?|[ \u00a0]?({_SYMBOL})$")
    value = f"replace({value}, '\u2212', '-')"
    return f"regexp_replace({value}, {signs}, '\\1', 'g')"


def number_type(
    name: str, values: duckdb.DuckDBPyRelation, style: Style
) -> tuple[str, str | None] | None:
    """Return the type that holds all numbers, and what is doubtful of it.

    None: they are better kept as text, for digits of theirs would be lost.
    """
    number = style.plain(bare("v"))
    (has_zeros, has_plus, has_exponents, has_point, whole, scale, highest) = (
        values.aggregate(
            f"""bool_or(regexp_matches({number}, '^[+-]?0[0-9]')),
            bool_or({number} like '+%'),
            bool_or({number} ilike '%e%'),
            bool_or({number} like '%.%'),
            max(length(regexp_extract({number}, '^[+-]?([0-9]*)', 1))),
            max(length(rtrim(regexp_extract({number}, '[.]([0-9]*)', 1), '0'))),
            max(abs(try_cast({number} as double)))"""
        ).fetchone()
    )
    if has_zeros or has_plus:
        return None
    if has_exponents:
        # 12e5 among names of things is a name.
        return (
            ("double", None) if has_point and not is_number_of_something(name) else None
        )
    if is_money(name) and not is_number_of_something(name):
        # Prices of pieces have parts of cents further down, if not here.
        least = 4 if strength(name, words()["columns"]["price"])[0] else 2
        return _decimal(whole, max(scale, least), values, number, is_amount=True)
    if scale == 0:
        doubt = "whole numbers, written with a decimal sign" if has_point else None
        if highest > _MAX_BIGINT - 1024:
            return None
        is_id = is_number_of_something(name)
        return ("bigint" if is_id or highest >= 2**30 else "integer", doubt)
    return _decimal(whole, max(scale, 2), values, number, is_amount=False)


def _decimal(
    whole: int,
    scale: int,
    values: duckdb.DuckDBPyRelation,
    number: str,
    is_amount: bool,
) -> tuple[str, str | None] | None:
    """Return a decimal with room for numbers of some more digits."""
    if scale > 6:
        # What doubles make of 0.1 + 0.2 is forgiven where rows are checked.
        for fewer in (2, 3, 4):
            rest = f"abs({number}::double - round({number}::double, {fewer}))"
            if values.aggregate(f"max({rest}) < {10.0 ** -(fewer + 7)}").fetchone()[0]:
                return _decimal(whole, fewer, values, number, is_amount)
        if not is_amount:
            return "double", f"{scale} digits behind the point"
    for precision in (12, 18, 38):
        if whole + scale + 1 <= precision:
            return f"decimal({precision}, {scale})", None
    return ("double", None) if not is_amount else None
