"""Which columns hold personal data, by their names and by their values."""

from collections.abc import Mapping

import duckdb

from ingest.inference.words import strength, words

_PATTERNS = {
    "email": "[^@ ]+@[^@ ]+[.][A-Za-z]{2,}",
    # A number of SAP has zeros in front, too, but nothing between its digits.
    "phone": "[+][0-9][0-9 ()/.-]{6,18}|00[1-9][0-9]{0,3}[ ()/.-][0-9 ()/.-]{5,16}",
    "iban": "[A-Z]{2}[0-9]{2} ?([A-Z0-9]{4} ?){3,7}[A-Z0-9]{0,4}",
    "street": (
        "[^0-9]*(straße|strasse|str[.]|weg|platz|allee|street|road|avenue|lane| st| rd"
        "| ave|rue|calle|via)[^0-9]* ?[0-9]{1,4} ?[a-z]?|[0-9]{1,5} .*(street|road|"
        "avenue|lane|drive|court|place)"
    ),
}
# Somewhere in a text, such as a note or JSON.
_ADDRESS = r"[\w.+-]+@[\w-]+([.][\w-]+)*[.][A-Za-z]{2,}"
# What is no secret of its own; beside a name or a number of a customer it is.
_ONLY_WITH_OTHERS = {"city", "postal_code", "contact_name"}
_NAMES = {"contact_name", "first name", "last name"}
# Sure enough although some fields hold something else.
_SHARE = 0.5


def personal_columns(
    columns: Mapping[str, duckdb.DuckDBPyRelation],
    types: Mapping[str, str],
    is_of_people: bool,
) -> dict[str, tuple[str, str, str]]:
    """Return column name to (class, contact field or what it is, why).

    Parameters
    ----------
    columns
        Column name to its values, as ``v``.
    types
        Column name to its type.
    is_of_people
        Whether the table tells of customers; then a plain ``name`` is theirs.
    """
    found = {}
    for name, values in columns.items():
        by_name = _by_name(name, types[name])
        if by_name and by_name[1] in _NAMES and _are_codes(values):
            by_name = None
        if by_name is not None:
            found[name] = by_name
        elif types[name] == "varchar":
            by_value = _by_value(values)
            if by_value is not None:
                found[name] = by_value
    others = any(what not in _ONLY_WITH_OTHERS for _, what, _ in found.values())
    if not others and not is_of_people:
        return {
            name: guess
            for name, guess in found.items()
            if guess[1] not in _ONLY_WITH_OTHERS
        }
    return found


def _by_name(name: str, data_type: str) -> tuple[str, str, str] | None:
    sure = max(
        (strength(name, known), field) for field, known in words()["contact"].items()
    )
    identity = strength(name, words()["identity"])
    if identity[0] > 1 and identity[0] >= sure[0][0]:
        return "identity", "identity", "by its name"
    # A name that only contains such a word (city of the store) needs a text.
    if sure[0][0] == 3 or (sure[0][0] == 2 and sure[1] not in {"contact_name", "city"}):
        if data_type in {"boolean", "date", "timestamp", "double"}:
            return None
        return "contact", sure[1], "by its name"
    return None


def _are_codes(values: duckdb.DuckDBPyRelation) -> bool:
    """Return whether values rather number something than name somebody."""
    return values.aggregate(
        "count(*) > 0 and bool_and(regexp_full_match(v, '[^ ]*[0-9][^ ]*'))"
    ).fetchone()[0]


def _by_value(values: duckdb.DuckDBPyRelation) -> tuple[str, str, str] | None:
    tests = ", ".join(
        f"avg(regexp_full_match(v, '{pattern}', 'i')::integer)"
        for pattern in _PATTERNS.values()
    )
    holding = f"avg(regexp_matches(v, '{_ADDRESS}')::integer)"
    *shares, held = values.limit(2_000).aggregate(f"{tests}, {holding}").fetchone()
    for what, share in zip(_PATTERNS, shares, strict=True):
        if share is not None and share >= _SHARE:
            kind = "identity" if what == "iban" else "contact"
            return kind, what, f"{share:.0%} of its values look like it ({what})"
    if held:
        why = f"there is an e-mail address in {max(held, 0.01):.0%} of its values"
        return "contact", "text", why
    return None
