"""Cells of a CSV file that a spreadsheet takes for what they are, never for a formula.

Numbers are written from numeric types as they are. A text that a spreadsheet would
begin to compute gets an apostrophe in front (OWASP, "CSV Injection").
"""

import math
import re
import unicodedata
from datetime import datetime
from decimal import Decimal

_TRIGGERS = "=+-@\N{MINUS SIGN}"
# Where a spreadsheet that is set to another separator begins a new cell: Excel in half
# of Europe splits at semicolons, and takes quotes only where a cell begins.
_BREAKS = re.compile(r"([;\t\r\n\v\f\x85\u2028\u2029])")
# Blanks and what is not seen; quotes, which vanish.
_SKIPPED = {"Cc", "Cf", "Zl", "Zp", "Zs"}
_QUOTES = "\"'"


def cell(value: object) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        # To a spreadsheet, -inf is a formula.
        return f"{value:f}" if isinstance(value, Decimal) else _number(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return safe_text(str(value))


def safe_text(text: str) -> str:
    """Return a text that does not begin a formula, wherever a spreadsheet splits it."""
    parts = _BREAKS.split(text)
    safe = "".join(f"'{part}" if _begins_formula(part) else part for part in parts)
    # Some spreadsheets drop a leading tab or line break, and then look again.
    return f"'{safe}" if text[:1] in {"\t", "\r", "\n"} else safe


def _number(value: float) -> str:
    return str(value) if math.isfinite(value) else ""


def _begins_formula(part: str) -> bool:
    for character in part:
        if unicodedata.category(character) in _SKIPPED or character in _QUOTES:
            continue
        # Full-width and small variants are taken for the plain ones.
        return unicodedata.normalize("NFKC", character)[0] in _TRIGGERS
    return False
