"""What a row must keep to be landed, as SQL over its columns as a reader gives them."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from ingest.contracts import DECIMAL, Column, Table
from ingest.contracts.formats import PLAIN
from ingest.ledger import now
from ingest.sql import identifier, literal
from ingest.written_numbers import plain_number

_NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MIDNIGHT = "[ T]00(:00(:00([.]0+)?)?)?"
# DuckDB keeps six decimals of a second, and would cut off the others.
_CLOCK = "([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6}0*)?)?)?"
_OFFSET = " ?([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
# How a value of a type may be written; more than that DuckDB reads in its own way.
_WRITTEN = {
    "integer": "[+-]?[0-9]+([.]0*)?",
    "bigint": "[+-]?[0-9]+([.]0*)?",
    "double": _NUMBER,
    "date": f"{_DATE}({_MIDNIGHT})?",
    "timestamp": f"{_DATE}([ T]{_CLOCK}({_OFFSET})?)?",
}


@dataclass(frozen=True)
class Check:
    """One condition on one column.

    Attributes
    ----------
    reason
        Why a row that does not meet it is refused; without a value of the row.
    condition
        SQL that is true for rows that meet it, and never null.
    """

    column_name: str
    reason: str
    condition: str


def checks_of(table: Table, doubtful: Container[str]) -> list[Check]:
    """Return what the rows of a table must keep that the reader does not see to.

    Doubtful columns are read as something that holds more than the contract's type.
    """
    found = []
    for column in table.columns:
        name = identifier(column.name)
        if column.name in table.required:
            filled = f"{name} is not null"
            if column.data_type == "varchar":
                text = value_of(table, column.name)
                filled = f"coalesce(trim({text}) <> '', false)"
                # All but a few begin with a letter: to trim those would be slow.
                filled = f"case when {text} >= '!' then true else {filled} end"
            found.append(Check(column.name, "empty, but required", filled))
        if column.name in doubtful:
            reason = not_a(column.data_type)
            found.append(_check(column.name, reason, _fits(table, column)))
            if column.data_type == "timestamp" and not column.format:
                found.append(_survives(column.name, table.timezone))
        elif column.data_type in {"date", "double", "timestamp"}:
            fits = f"isfinite({name})"
            found.append(_check(column.name, not_a(column.data_type), fits))
    if table.known_at is not None:
        moment = identifier(table.known_at)
        if table.known_at in doubtful:
            moment = value_of(table, table.known_at)
        # Zones are up to 14 hours apart.
        latest = literal(now() + timedelta(days=1))
        fits = f"coalesce({moment} between '1970-01-01' and {latest}, true)"
        found.append(_check(table.known_at, "before 1970 or in the future", fits))
    return found


def must_be_empty(name: str) -> Check:
    """Return the check of a column that has no name, and so cannot be landed."""
    text = f"cast({identifier(name)} as varchar)"
    empty = f"coalesce(trim({text}) = '', true)"
    return Check(name, "a value in a column that has no name in the header", empty)


def _check(column_name: str, reason: str, condition: str) -> Check:
    """Return a check of values that are there."""
    # `case` does not look further once it knows, `or` does.
    name = identifier(column_name)
    return Check(
        column_name,
        reason,
        f"case when {name} is null then true else coalesce({condition}, false) end",
    )


def not_a(data_type: str) -> str:
    """Return the reason for a value that is of another type."""
    return f"not a value of type {data_type}"


def flaws(checks: Iterable[Check]) -> str:
    """Return the SQL list of columns and reasons for which a row is refused."""
    found = ", ".join(
        f"case when not {check.condition} then {{'column_name': "
        f"{literal(check.column_name)}, 'reason': {literal(check.reason)}}} end"
        for check in checks
    )
    return f"[{found}]::struct(column_name varchar, reason varchar)[]"


def spelled_columns(table: Table) -> set[str]:
    """Return the columns whose values are written in a way of their own."""
    return {
        column.name
        for column in table.columns
        if column.format
        or (_is_number(column.data_type) and not table.format.has_plain_numbers)
    }


def of_read_values(table: Table) -> Table:
    """Return the contract of what has been read: as text, it is written as in SQL."""
    columns = tuple(replace(column, format=None) for column in table.columns)
    return replace(table, format=PLAIN, columns=columns)


def value_of(table: Table, name: str) -> str:
    """Return the SQL that makes a doubtful value one of the contract's type, or null.

    A timestamp that states its own offset is the moment it says, as the clocks of the
    contract's zone showed it.
    """
    column = next((c for c in table.columns if c.name == name), None)
    if column is None or column.data_type == "varchar":
        return f"cast({identifier(name)} as varchar)"
    text, zone = _plain_text(table, column), literal(table.timezone)
    if column.format and column.data_type == "boolean":
        true, false = (literal(word.lower()) for word in column.format.split("/"))
        return f"case lower({text}) when {true} then true when {false} then false end"
    if column.format:
        moment = _moment(text, column.format)
        if "%z" in column.format:
            moment = f"timezone({zone}, {moment}::timestamptz)"
        if column.data_type == "timestamp":
            return f"cast({moment} as timestamp)"
        # A date with a time would lose it.
        is_day = f"{moment} = date_trunc('day', {moment})"
        return f"case when {is_day} then cast({moment} as date) end"
    if column.data_type == "date":
        return f"try_cast(left({text}, 10) as date)"
    if column.data_type != "timestamp":
        return f"try_cast({text} as {column.data_type})"
    # A time of hours only (ISO 8601) is one that DuckDB does not know.
    with_minutes = f"regexp_replace({text}, '([ T][0-9]{{2}})$', '\\1:00')"
    return f"""case
        when {_has_offset(text)}
            then timezone({zone}, {_moment_with_offset(text)})
        else try_cast({with_minutes} as timestamp)
    end"""


def _moment(text: str, pattern: str) -> str:
    """Return the SQL for the moment that is written by a pattern, or null."""
    moment = f"try_strptime({text}, {literal(pattern)})"
    # DuckDB takes the 26 of 01.01.26 for the year 26, although %Y is four digits.
    year = f"year({moment})"
    is_written = f"{year} > 999 or contains({text}, lpad({year}::varchar, 4, '0'))"
    # And infinity and epoch, by whatever pattern, for the year 1900.
    has_digits = f"regexp_matches({text}, '[0-9]')"
    return f"case when {has_digits} and ({is_written}) then {moment} end"


def _is_number(data_type: str) -> bool:
    return data_type in {"integer", "bigint", "double"} or bool(
        DECIMAL.fullmatch(data_type)
    )


def _plain_text(table: Table, column: Column) -> str:
    """Return the SQL for the value as SQL writes it, where it is written otherwise."""
    text = _text(column.name)
    return plain_number(text, table.format) if _is_number(column.data_type) else text


def _text(name: str) -> str:
    return f"trim(cast({identifier(name)} as varchar), ' \t')"


def _has_offset(text: str) -> str:
    # Behind minutes: the day of a date begins like an offset.
    return f"regexp_matches({text}, {literal(f':[0-9.]+{_OFFSET}$')})"


def _moment_with_offset(text: str) -> str:
    """Return the SQL for the moment that a time with an offset says, or null."""
    # DuckDB knows fewer ways to write it than ISO 8601: no blank before the offset, no
    # small z, seconds, and a colon between the offset's hours and minutes.
    joined = f"regexp_replace(upper({text}), ' ([Z+-])', '\\1')"
    with_seconds = f"regexp_replace({joined}, '([ T]..:..)([Z+-])', '\\1:00\\2')"
    with_colon = f"regexp_replace({with_seconds}, '([+-]..)(..)$', '\\1:\\2')"
    return f"try_cast({with_colon} as timestamptz)"


def _fits(table: Table, column: Column) -> str:
    """Return the condition that a value becomes the type as it is, unrounded."""
    fits = f"{value_of(table, column.name)} is not null"
    if column.format:
        return fits
    text, data_type = _plain_text(table, column), column.data_type
    if data_type in _WRITTEN:
        fits = f"regexp_full_match({text}, {literal(_WRITTEN[data_type])}) and {fits}"
    if data_type == "double":
        fits += f" and isfinite(try_cast({text} as double))"
    decimal = DECIMAL.fullmatch(data_type)
    if not decimal:
        return fits
    scale = int(decimal[2])
    plain = literal(f"[+-]?[0-9]*[.]?[0-9]{{0,{scale}}}0*")
    wide = f"decimal(38, {min(scale + 8, 38)})"
    # Half a millionth of the last digit is what doubles make of 0.1 + 0.2.
    rest = (
        f"try_cast({text} as {wide}) - cast(try_cast({text} as {data_type}) as {wide})"
    )
    return f"""{fits} and case
        when regexp_full_match({text}, {plain}) then true
        else regexp_full_match({text}, {literal(_NUMBER)})
            and abs({rest}) < 5e-{scale + 7}
    end"""


def _survives(name: str, zone: str) -> Check:
    """Return the check that a moment can be told from what the zone's clocks showed."""
    text = _text(name)
    moment = _moment_with_offset(text)
    shown = f"timezone({literal(zone)}, {moment})"
    return _check(
        name,
        f"a moment that clocks in {zone} show twice a year; let the contract's "
        "timezone be UTC",
        f"not {_has_offset(text)} or {moment} is null "
        f"or timezone({literal(zone)}, {shown}) = {moment}",
    )
