"""The type of a column that holds no dates."""

from dataclasses import replace

import duckdb

from ingest.inference.numbers import Style, number_type
from ingest.inference.times import Written

_BOOLEANS = (
    *("yes/no", "y/n", "ja/nein", "j/n", "oui/non", "si/no", "sí/no"),
    *("wahr/falsch", "vrai/faux", "on/off", "t/f"),
)


def type_of(
    name: str, values: duckdb.DuckDBPyRelation, style: Style, styles: set[Style]
) -> Written:
    """Return the type that holds all values as they are.

    Parameters
    ----------
    style
        How the table writes its numbers.
    styles
        How this column may write them; none: they are no numbers.
    """
    spelled = [text for (text,) in values.distinct().limit(7).fetchall()]
    # Few spellings of two words: yes, Yes, YES, no, No, NO.
    found = {text.lower(): text for text in spelled}
    if found and set(found) <= {"true", "false"}:
        return Written("boolean")
    for pair in _BOOLEANS:
        if set(found) == set(pair.split("/")):
            return Written("boolean", "/".join(found[word] for word in pair.split("/")))
    if not found:
        return Written("varchar")
    if replace(style, doubt=None) in styles:
        found = number_type(name, values, replace(style, doubt=None))
        if found:
            return Written(found[0], doubt=found[1])
        return Written("varchar", doubt="numbers, kept as text: digits would be lost")
    if styles:
        return Written(
            "varchar", doubt="numbers, written otherwise than in other columns"
        )
    return Written("varchar")
