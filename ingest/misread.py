"""Values that were landed as an earlier contract read them, and would be others now."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from ingest.checks import checks_of, of_read_values, value_of
from ingest.contracts import Table
from ingest.contracts.formats import Format
from ingest.ledger import Load, repeated_files
from ingest.readers.headers import ways_to
from ingest.sql import ask, identifier, literal


class Misread(NamedTuple):
    """A column, the last load that has it so, and a text that was read otherwise."""

    column_name: str
    load_id: int
    text: str
    then: str
    now: str


def misread(table: Table, loads: Iterable[Load]) -> Iterator[Misread]:
    """Yield the columns of which a text means another value than when it was landed.

    Not those of which the contract now refuses what it took then, or the other way
    round: these have always been told.
    """
    readings = {repr(load.reading): load for load in _of_other_readings(table, loads)}
    last = {}
    for load in sorted(readings.values(), key=lambda load: load.load_id):
        then = _contract_of(load, table)
        words = set(then.format.nulls) - set(table.format.nulls)
        for column in then.columns:
            # What was landed as text is read as the contract is now.
            if (column.data_type != "varchar" or words) and (
                found := _read_otherwise(table, then, column.name)
            ):
                last[column.name] = Misread(column.name, load.load_id, *found)
    yield from last.values()


class Inside(NamedTuple):
    """A column, the one that has its values as JSON, and the last such load."""

    column_name: str
    landed_in: str
    load_id: int


def landed_inside(table: Table, loads: Iterable[Load]) -> Iterator[Inside]:
    """Yield the columns ``a.b`` that contracts did not name when ``a`` was landed."""
    last = {}
    for load in _of_other_readings(table, loads):
        before = {*load.reading["columns"], *load.unknown_columns}
        for column in table.columns:
            ways = {way for name in column.names for way in ways_to(name)}
            if before.isdisjoint(column.names) and (found := ways & before):
                landed_in = max(found, key=len)
                last[column.name] = Inside(column.name, landed_in, load.load_id)
    yield from last.values()


def _of_other_readings(table: Table, loads: Iterable[Load]) -> list[Load]:
    """Return the loads with rows that are shown and were read by another contract."""
    loads = list(loads)
    repeated = repeated_files(loads)
    return [
        load
        for load in loads
        if load.rows_loaded
        and any(file.file_id not in repeated for file in load.files)
        and load.reading not in (None, table.reading)
    ]


def _contract_of(load: Load, table: Table) -> Table:
    """Return the contract by which a load was read, with those columns that differ."""
    # A record of an older version does not tell all of it.
    reading = table.reading | load.reading
    before = {name.lower(): how for name, how in reading.pop("columns").items()}
    is_read_alike = reading.items() <= table.reading.items()
    columns = []
    for column in table.columns:
        # Of several names, the newest holds.
        name = next((n for n in map(str.lower, column.names) if n in before), None)
        data_type, pattern = before.get(name, (column.data_type, column.format))
        is_alike = (data_type, pattern) == (column.data_type, column.format)
        if name and not (is_read_alike and is_alike):
            columns.append(replace(column, data_type=data_type, format=pattern))
    zone = reading.pop("timezone")
    reading["nulls"] = tuple(reading["nulls"])
    return replace(
        table, columns=tuple(columns), format=Format(**reading), timezone=zone
    )


def _read_otherwise(table: Table, then: Table, name: str) -> tuple[str, ...] | None:
    """Return a text that both contracts take for a value, and what it is to each."""
    texts = [literal(text) for text in _texts(table, then, name)]
    rows = f"""
        select unnest([{", ".join(texts)}]) as _row_id, _row_id as {identifier(name)}"""
    again = table if then.types[name] == "varchar" else of_read_values(table)
    shown = _read(again, name, _read(then, name, rows))
    found = ask(
        f"""select _row_id, shown.{identifier(name)}, now.{identifier(name)}
        from ({shown}) as shown inner join ({_read(table, name, rows)}) as now
            using (_row_id)
        where shown.{identifier(name)} is distinct from now.{identifier(name)}
        order by _row_id"""
    )
    if not found:
        return None
    return tuple("nothing" if said is None else str(said) for said in found[0])


def _texts(table: Table, then: Table, name: str) -> set[str]:
    """Return texts of which contracts may make different values."""
    signs = {".", ",", table.format.thousands, then.format.thousands} - {""}
    (pattern,) = (column.format for column in then.columns if column.name == name)
    # No two parts of it are the same number, and each could be any of the others.
    moment = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    return {
        *("0007", "true", "2001-02-03", "2001-02-03 04:05:06"),
        # A clock of the contract's zone has shown it, and is landed.
        "2001-02-03 04:05:06+00:00",
        *(f"1{sign}000" for sign in signs),
        *(pattern or "").split("/"),
        *(*table.format.nulls, *then.format.nulls),
        moment.strftime(pattern or ""),
    }


def _read(table: Table, name: str, rows: str) -> str:
    """Return the SQL for what a contract makes of the rows that it does not refuse."""
    value = identifier(name)
    for word in table.format.nulls:
        value = f"nullif({value}, {literal(word)})"
    kept = " and ".join(
        check.condition
        for check in checks_of(table, {name})
        if check.column_name == name
    )
    return f"""select _row_id, {value_of(table, name)} as {identifier(name)}
        from (select _row_id, {value} as {identifier(name)} from ({rows}))
        where {kept or "true"}"""
