"""What names of columns and tables are likely to mean, by ``words.yml``."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae"}
)
# What stands in names beside what they name.
_UNITS = {"eur", "euro", "usd", "gbp", "chf", "dollar", "utc", "in", "of", "de", "du"}


@cache
def words() -> dict[str, Any]:
    """Return what stands in ``words.yml``."""
    return yaml.safe_load(Path(__file__).with_name("words.yml").read_text("utf-8"))


@cache
def snake_case(name: str) -> str:
    """Return the name in lower case, of plain letters, with underscores between words.

    >>> snake_case("KundenNr (Straße)")
    'kunden_nr_strasse'
    """
    name = re.sub(r"(?<=[a-zß-ÿ0-9])(?=[A-ZÄÖÜ])", "_", name.strip())
    name = re.sub(r"(?<=[A-ZÄÖÜ])(?=[A-ZÄÖÜ][a-zß-ÿ])", "_", name)
    plain = name.lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "column"


def strength(name: str, known: Iterable[str]) -> tuple[int, int]:
    """Return how surely a name is one of the known ones; (0, 0): it is none of them.

    The same name counts more than one that only contains it, and an earlier one of the
    known more than a later one.
    """
    tokens = _tokens(name)
    compact = "".join(tokens)
    best = (0, 0)
    for place, word in enumerate(known):
        parts = _tokens(word)
        spelled = "".join(parts)
        if compact == spelled:
            found = 3
        elif len(spelled) > 3 and parts in (
            tokens[: len(parts)],
            tokens[-len(parts) :],
        ):
            found = 2
        elif len(tokens) == 1 and len(spelled) > 4 and compact.endswith(spelled):
            # German makes one word of two: Gesamtbetrag.
            found = 1
        else:
            continue
        best = max(best, (found, -place))
    return best


@cache
def _tokens(name: str) -> list[str]:
    found = snake_case(name).split("_")
    return [token for token in found if token not in _UNITS] or found


@cache
def numbers_of(noun: str) -> tuple[str, ...]:
    """Return what numbers of a noun may be called: ``order_id``, ``id_order`` ..."""
    nouns, known = words()["nouns"][noun], words()
    with_suffix = tuple(f"{n} {suffix}" for n in nouns for suffix in known["suffixes"])
    with_prefix = tuple(f"{prefix} {n}" for n in nouns for prefix in known["prefixes"])
    return (*with_suffix, *with_prefix, *nouns)


def is_number_of_something(name: str) -> bool:
    """Return whether a column's name says that it identifies something."""
    last = snake_case(name).rpartition("_")[2]
    return last in {snake_case(suffix) for suffix in words()["suffixes"]} or any(
        strength(name, numbers_of(noun))[0] == 3 for noun in words()["nouns"]
    )


def is_money(name: str) -> bool:
    """Return whether a column's name says that it holds an amount of money."""
    known = words()["columns"]
    return any(
        strength(name, known[what])[0] > 0
        for what in ("amount", "price", "gross", "discount", "cost")
    )


def has_word(name: str, known: str) -> bool:
    """Return whether one of the words for something stands anywhere in a name."""
    columns = words()["columns"]
    return not {snake_case(word) for word in columns[known]}.isdisjoint(_tokens(name))


def _about(table: str) -> list[str]:
    """Return the words of a table's name without those that any may have behind it."""
    tokens = snake_case(table).split("_")
    known = {snake_case(word) for word in words()["of tables"]}
    while len(tokens) > 1 and tokens[-1] in known:
        tokens.pop()
    # German makes one word of two.
    end = max((w for w in known if tokens[-1].endswith(w)), key=len, default="")
    tokens[-1] = tokens[-1].removesuffix(end) if len(end) > 4 else tokens[-1]
    return tokens if tokens[-1] else [end]


def noun_of_table(name: str) -> str | None:
    """Return what a table of this name has rows of, if its name says it."""
    tokens = _about(name)
    for noun in (
        "line",
        "transaction",
        "customer",
        "product",
        "campaign",
        "touchpoint",
    ):
        for word in words()["nouns"][noun]:
            stem = snake_case(word).split("_")[-1]
            singular = {tokens[-1], tokens[-1].removesuffix("s")}
            singular |= {tokens[-1].removesuffix(e) for e in ("es", "n", "en", "e")}
            if tokens[-1].endswith("ies"):
                singular.add(tokens[-1][:-3] + "y")
            if stem in singular:
                return "transaction" if noun == "line" else noun
    return None
