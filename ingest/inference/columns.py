"""The columns of a table as a contract would have them, from a sample of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from ingest.inference.column_facts import (
    counts_of,
    currencies_of,
    currency_column,
    null_words,
    symbols_of,
)
from ingest.inference.column_types import type_of
from ingest.inference.numbers import (
    CURRENCIES,
    choose_style,
    find_negatives,
    styles_of,
)
from ingest.inference.personal import personal_columns
from ingest.inference.times import Written, choose_order, written_times
from ingest.inference.values import values_of
from ingest.inference.words import noun_of_table, numbers_of, snake_case, strength

# Fewer rows say little of whether a column is never empty.
_MANY_ROWS = 100
_NEARLY_ALL = 0.99
_NO_DIGITS = "not regexp_full_match(v, '-?[0-9]+')"


@dataclass(frozen=True)
class ColumnGuess:
    """One column and why it is thought to be so.

    Attributes
    ----------
    is_full
        Whether it is never empty in the rows that were looked at.
    is_nearly_full
        Whether it is at most in one of a hundred.
    personal, field
        Class of personal data, and which contact field it is.
    evidence
        What was seen, in words; no values of personal columns.
    doubts
        What somebody has to decide.
    has_blanks
        Whether values have blanks around them.
    is_of_digits
        Whether they are whole numbers that may as well be text: no file says which.
    """

    name: str
    data_type: str
    format: str | None
    is_full: bool
    is_nearly_full: bool
    required: bool
    distinct: int
    personal: str | None
    field: str | None
    evidence: str
    doubts: tuple[str, ...]
    has_blanks: bool
    is_of_digits: bool


@dataclass(frozen=True)
class Columns:
    """A table's columns and what they say of how all its numbers are written.

    Attributes
    ----------
    currencies, currency_why
        In which its amounts are, by a column that says it or by the signs at them.
    mixed_by
        The column that says that they are in several; None: none does.
    """

    columns: tuple[ColumnGuess, ...]
    format: dict[str, Any]
    doubts: tuple[str, ...]
    currencies: tuple[str, ...]
    currency_why: str
    mixed_by: str | None


def guess_columns(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    names: Sequence[str],
    stored: Mapping[str, str],
    format: Mapping[str, Any],
    day_first: bool,
) -> Columns:
    """Guess what the columns ``c0``, ``c1`` ... of the relation ``sample`` hold.

    Parameters
    ----------
    table
        Name of the table, which tells whether it is about people.
    stored
        Types that the files state.
    format
        How the files are written, as far as it is known.
    day_first
        Whether 01/02 is rather a day in February.
    """
    values = {
        name: values_of(connection, "sample", f"c{place}", with_words=False)
        for place, name in enumerate(names)
    }
    styles = {name: styles_of(found) for name, found in values.items()}
    negative, moved = find_negatives(values, styles)
    values |= moved
    styles |= {name: styles_of(found) for name, found in moved.items()}
    prefers_comma = format.get("delimiter") == ";"
    style = choose_style(list(styles.values()), prefers_comma)
    why = "day first"
    if format.get("delimiter") == ";" or style.decimal == ",":
        day_first, why = True, "day first, as with decimal commas"
    elif not day_first:
        why = "month first, by the time zone"
    unordered = {
        name: written
        for name, found in values.items()
        if stored.get(name, "varchar") == "varchar"
        and (written := written_times(name, found))
    }
    times = choose_order(unordered, day_first, why)
    types = {
        name: Written(stored[name])
        if stored.get(name, "varchar") != "varchar"
        else times.get(name) or type_of(name, found, style, styles[name])
        for name, found in values.items()
    }
    types |= {
        name: Written(
            "varchar", doubt=f"amounts in {said}, kept as text: never one sum"
        )
        for name, written in types.items()
        if _is_number(written) and (said := currencies_of(values[name]))
    }
    counts = counts_of(connection, names)
    typed = {name for name, written in types.items() if written.data_type != "varchar"}
    nulls = null_words(connection, names, typed)
    numeric = [n for n in typed if _is_number(types[n])]
    symbols = symbols_of(values, numeric)
    found: dict[str, Any] = {}
    if style.decimal != "." and numeric:
        found["decimal"] = style.decimal
    if style.thousands and numeric:
        found["thousands"] = style.thousands
    if symbols:
        found["symbols"] = symbols
    if not moved.keys().isdisjoint(numeric):
        found["negative"] = negative
    if nulls:
        found["nulls"] = nulls
    is_of_people = noun_of_table(table) == "customer" or any(
        strength(name, numbers_of("customer"))[0] == 3 for name in names
    )
    personal = personal_columns(
        values,
        {name: written.data_type for name, written in types.items()},
        is_of_people,
    )
    columns = []
    for name, written in types.items():
        rows, filled, distinct, has_blanks, lowest, highest, longest = counts[name]
        class_, field, why_personal = personal.get(name, (None, None, None))
        doubts = [written.doubt] if written.doubt else []
        if written.data_type == "timestamp" and not doubts and _is_utc(name):
            doubts.append(
                "UTC by its name, but read by the source's timezone as others"
            )
        if not filled:
            doubts.append("empty in all rows, so nobody can tell its type")
        if class_:
            doubts.append(f"personal data ({field}), {why_personal}")
        if class_ == "contact" and written.data_type in {"integer", "bigint"}:
            # The next one may begin with a zero or have a letter in it.
            written = Written("varchar")
        is_text = written.data_type == "varchar"
        evidence = f"{distinct:,} different" if filled else ""
        if is_text and filled:
            evidence += f", up to {longest:,} characters"
        elif (
            written.data_type in {"date", "timestamp"}
            and not class_
            and not written.format
        ):
            evidence += f", {lowest[:10]} to {highest[:10]}"
        if filled and filled < rows:
            evidence += f", empty in {rows - filled:,}"
        columns.append(
            ColumnGuess(
                name=name,
                data_type=written.data_type,
                format=written.format,
                is_full=0 < filled == rows,
                is_nearly_full=filled > 0 and filled >= _NEARLY_ALL * rows,
                required=0 < filled == rows and rows >= _MANY_ROWS and not class_,
                distinct=distinct,
                personal=class_,
                field=field,
                evidence=evidence,
                doubts=tuple(doubts),
                has_blanks=has_blanks and is_text,
                is_of_digits=written.data_type in {"integer", "bigint"}
                and name not in stored
                and not values[name].filter(_NO_DIGITS).limit(1).fetchone(),
            )
        )
    signs = [code for symbol in symbols if (code := CURRENCIES[symbol])]
    said, codes = currency_column(values) or (None, ())
    if not any(types[name].data_type.startswith("dec") for name in numeric):
        said, codes = None, ()  # of what, without amounts?
    by = [*(["signs"] if signs else []), *([said] if said else [])]
    table_doubts = [style.doubt] if style.doubt and "decimal" in found else []
    if style.doubt and not table_doubts and numeric:
        table_doubts = [style.doubt]
    if "negative" in found:
        table_doubts.append(f"numbers such as {negative} are taken for less than zero")
    if nulls:
        words = ", ".join(repr(word) for word in nulls)
        table_doubts.append(f"{words}: taken for nothing, in all columns")
    return Columns(
        tuple(columns),
        found,
        tuple(table_doubts),
        tuple(dict.fromkeys([*codes, *signs])),
        f"{' and '.join(by)} in {table}",
        said if len(codes) > 1 else None,
    )


def _is_utc(name: str) -> bool:
    return not {"utc", "gmt"}.isdisjoint(snake_case(name).split("_"))


def _is_number(written: Written) -> bool:
    return written.data_type[:3] in {"int", "big", "dec", "dou"}
