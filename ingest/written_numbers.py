"""Numbers as people and programs write them, as SQL would: ``(1.234,50 €)``."""

import re
from collections.abc import Iterable

from ingest.contracts.formats import NEGATIVES, Format
from ingest.sql import literal

# Nobody sees which blank it is, nor which minus.
_BLANKS = "[ \t\u00a0\u202f]*"
_MINUS = "\u2212"


def plain_number(text: str, given: Format) -> str:
    """Return the SQL for a number as SQL writes it; null, if it is written otherwise.

    Parameters
    ----------
    text
        SQL of its text, without blanks around it.
    given
        How the contract says that numbers are written.
    """
    text = f"replace({text}, {literal(_MINUS)}, '-')"
    if given.has_plain_numbers and given.decimal == ".":
        return text
    text = leading_minus(text, given.negative, given.symbols)
    if given.symbols:
        words = _any_of(given.symbols)
        around = f"^([+-]?){_BLANKS}{words}{_BLANKS}|{_BLANKS}{words}$"
        text = f"regexp_replace({text}, {literal(around)}, '\\1')"
    if given.thousands == " ":
        text = f"translate({text}, '\u00a0\u202f', '  ')"
    sign, point = re.escape(given.thousands), re.escape(given.decimal)
    groups = f"[0-9]{{1,3}}({sign}[0-9]{{3}})+|" if sign else ""
    written = f"[+-]?({groups}[0-9]*)({point}[0-9]*)?([eE][+-]?[0-9]{{1,3}})?"
    plain = f"replace({text}, {literal(given.decimal)}, '.')"
    if given.thousands:
        without = f"replace({text}, {literal(given.thousands)}, '')"
        plain = f"replace({without}, {literal(given.decimal)}, '.')"
    return f"case when regexp_full_match({text}, {literal(written)}) then {plain} end"


def leading_minus(text: str, negative: str, symbols: Iterable[str]) -> str:
    """Return the SQL of a number whose minus, wherever it is written, stands first.

    What is written otherwise stays as it is, also what has another sign already.
    """
    before, behind = "()", "()"
    if words := _any_of(symbols):
        before, behind = f"({words}{_BLANKS})?", f"({_BLANKS}{words})?"
    trailing, brackets = NEGATIVES
    patterns = {
        trailing: f"^()([^+-]+?){_BLANKS}-{behind}$",
        brackets: f"^{before}\\({_BLANKS}([^()+-]+?){_BLANKS}\\){behind}$",
    }
    if negative not in patterns:
        return text
    return f"regexp_replace({text}, {literal(patterns[negative])}, '-\\1\\2\\3')"


def _any_of(words: Iterable[str]) -> str:
    """Return the regular expression of one of the words; none, if there are none."""
    # The first that fits is taken, and kr. begins with kr.
    longest_first = sorted(words, key=len, reverse=True)
    found = "|".join(map(re.escape, longest_first))
    return f"(?:{found})" if found else ""
