"""Values that were landed as an earlier contract read them, and would be others now."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from ingest.checks import checks_of, of_read_values, value_of
from ingest.contracts import Table
from ingest.contracts.formats import Format
from ingest.ledger import Load, repeated_files
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
    loads = list(loads)
    repeated = repeated_files(loads)
    readings = {}
    for load in loads:
        is_shown = any(file.file_id not in repeated for file in load.files)
        if load.rows_loaded and is_shown and load.reading not in (None, table.reading):
            readings[repr(load.reading)] = load
    last = {}
    for load in sorted(readings.values(), key=lambda load: load.load_id):
        before = load.reading["columns"]
        signs = {key: load.reading[key] for key in ("decimal", "thousands")}
        zone = load.reading["timezone"]
        is_read_alike = (signs | {"timezone": zone}).items() <= table.reading.items()
        then = replace(
            table,
            columns=tuple(
                replace(column, data_type=data_type, format=pattern)
                for column in table.columns
                for name in column.names
                if name in before
                for data_type, pattern in [before[name]]
                if not is_read_alike
                or (data_type, pattern) != (column.data_type, column.format)
            ),
            format=Format(**signs),
            timezone=zone,
        )
        for column in then.columns:
            # What was landed as text is read as the contract is now.
            if column.data_type != "varchar" and (
                found := _read_otherwise(table, then, column.name)
            ):
                last[column.name] = Misread(column.name, load.load_id, *found)
    yield from last.values()


def _read_otherwise(table: Table, then: Table, name: str) -> tuple[str, ...] | None:
    """Return a text that both contracts take for a value, and what it is to each."""
    texts = [literal(text) for text in _texts(table, then, name)]
    rows = f"""
        select unnest([{", ".join(texts)}]) as _row_id, _row_id as {identifier(name)}"""
    shown = _read(of_read_values(table), name, _read(then, name, rows))
    found = ask(
        f"""select _row_id, shown.{identifier(name)}, now.{identifier(name)}
        from ({shown}) as shown inner join ({_read(table, name, rows)}) as now
            using (_row_id)
        where shown.{identifier(name)} <> now.{identifier(name)}
        order by _row_id"""
    )
    return tuple(map(str, found[0])) if found else None


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
        moment.strftime(pattern or ""),
    }


def _read(table: Table, name: str, rows: str) -> str:
    """Return the SQL for what a contract makes of a column; null: it is refused."""
    kept = " and ".join(
        check.condition
        for check in checks_of(table, {name})
        if check.column_name == name
    )
    return f"""select _row_id, case when {kept} then {value_of(table, name)} end
            as {identifier(name)}
        from ({rows})"""
