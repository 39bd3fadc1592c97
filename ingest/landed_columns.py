"""The contract's columns in rows that were landed before it said what it says now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from dbt_models import WarehouseError
from ingest.checks import Check, checks_of, flaws, of_read_values, value_of
from ingest.contracts import LANDING_NAMES, Column, Table
from ingest.ledger import Load, repeated_files
from ingest.sql import files, identifier, literal

_PLACES_SHOWN = 3


class _Stored(NamedTuple):
    """The SQL of a contract's column in a Parquet file, and its type there."""

    value: str
    data_type: str


def landed_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    loads: Sequence[Load],
    raw: Path,
    parts: Sequence[Path],
) -> str:
    """Return the SQL for the rows of Parquet files, as the contract now has them.

    A column that a file did not have is empty, unless it had it by an earlier name;
    of several, the newest holds. What is stored as text is read as landing would read
    it now; what has a type may change it where it stays the same value.

    Raises
    ------
    WarehouseError
        If landed rows are lost, or break the contract, or if a column seems to have
        had another name that the contract does not tell.
    """
    types = _stored_types(connection, table, parts)
    _require_names(table, loads, raw, types)
    words = {
        load.folder(raw) / file.part: _new_nulls(table, load)
        for load in loads
        for file in load.files
    }
    # Read at once, columns of different types would get one that holds them all: a
    # number of one load would become text like that of another.
    alike = defaultdict(list)
    for part in parts:
        alike[
            tuple(_stored(c, types[part], words[part]) for c in table.columns)
        ].append(part)
    selects, broken = [], Counter()
    for stored, group in alike.items():
        columns = ", ".join(
            f"{value} as {identifier(column.name)}"
            for column, (value, _) in zip(table.columns, stored, strict=True)
        )
        rows = f"""(
            select {columns}, _load_id, _file_id, file_row_number
            from read_parquet(
                {files(group)}, union_by_name = true,
                hive_partitioning = false, file_row_number = true
            )
        ) as stored"""
        values, checks = _as_contracted(table, stored)
        broken += _broken_rows(connection, rows, checks)
        columns = ", ".join(f"{v} as {identifier(name)}" for name, v in values.items())
        selects.append(
            f"select {columns}, _load_id, _file_id, file_row_number from {rows}"
        )
    _require_kept(table, loads, raw, broken)
    return " union all ".join(selects)


def _stored_types(
    connection: duckdb.DuckDBPyConnection, table: Table, parts: Sequence[Path]
) -> dict[Path, dict[str, str]]:
    """Return for each Parquet file the types of its columns; all in small letters.

    Names that differ in nothing but case are one to DuckDB.
    """
    try:
        found = connection.execute(
            f"""select file_name, map(list(lower(name)), list(lower(duckdb_type)))
            from parquet_schema({files(parts)})
            where num_children is null group by all"""
        ).fetchall()
    except duckdb.Error as error:
        raise WarehouseError(
            f"{table.full_name}: landed rows are lost or damaged "
            f"({str(error).splitlines()[0]}). Put the file back from a backup; or, if "
            "the load's files are still below exports/, delete the load's folder, and "
            "the next run lands them again."
        ) from error
    return {Path(part): types for part, types in found}


def _new_nulls(table: Table, load: Load) -> list[str]:
    """Return the words for nothing that the contract has not had when it was landed."""
    before = (load.reading or {}).get("nulls", ())
    return [word for word in table.format.nulls if word not in before]


def _stored(column: Column, types: Mapping[str, str], words: Iterable[str]) -> _Stored:
    """Return where a file has a column of the contract."""
    name = next((n for n in map(str.lower, column.names) if n in types), None)
    if name is None:
        return _Stored(f"null::{column.data_type}", column.data_type.replace(" ", ""))
    value = identifier(name)
    if types[name] == "varchar":
        for word in words:
            value = f"nullif({value}, {literal(word)})"
    return _Stored(value, types[name])


def _as_contracted(
    table: Table, stored: Sequence[_Stored]
) -> tuple[dict[str, str], list[Check]]:
    """Return the SQL of the contract's columns, and what their rows must keep."""
    values = {column.name: identifier(column.name) for column in table.columns}
    read = of_read_values(table)
    doubtful = {table: set(), read: set()}
    for column, (_, data_type) in zip(table.columns, stored, strict=True):
        if data_type != column.data_type.replace(" ", ""):
            doubtful[table if data_type == "varchar" else read].add(column.name)
    checks = []
    for contract, names in doubtful.items():
        values |= {name: value_of(contract, name) for name in names}
        checks += [c for c in checks_of(contract, names) if c.column_name in names]
    return values, checks


def _broken_rows(
    connection: duckdb.DuckDBPyConnection, rows: str, checks: Sequence[Check]
) -> Counter[tuple[str, str, int]]:
    """Count the rows that break the contract, by column, reason and file."""
    if not checks:
        return Counter()
    found = connection.execute(
        f"""select flaw.column_name, flaw.reason, _file_id, count(*)
        from (
            select _file_id, unnest({flaws(checks)}) as flaw
            from {rows}
            where _file_id in (select file_id from ops.load_files where not is_repeated)
        )
        where flaw is not null group by all"""
    ).fetchall()
    return Counter({(column, *why): count for column, *why, count in found})


def _require_kept(
    table: Table,
    loads: Sequence[Load],
    raw: Path,
    broken: Counter[tuple[str, str, int]],
) -> None:
    """Raise if rows landed under an earlier contract break this one."""
    if not broken:
        return
    column, *_ = min(broken)
    mine = {what: count for what, count in broken.items() if what[0] == column}
    # A value has one of them.
    reasons = sorted({reason for _, reason, _ in mine})
    broken_files = {file_id for _, _, file_id in mine}
    places = [
        f"{table.place(file.path)} (load {load.load_id})"
        for load in loads
        for file in load.files
        if file.file_id in broken_files
    ]
    if (more := len(places) - _PLACES_SHOWN) > 0:
        places = [*places[:_PLACES_SHOWN], f"{more:,} more files"]
    advice = "Give the column a type or a format in the contract that holds them too"
    if table.connection is None:
        advice += (
            "; or mend these files below exports/ and delete the folders of their "
            f"loads in {raw / table.source / table.name} , and the next run lands them "
            "again"
        )
    raise WarehouseError(
        f"{table.full_name}, column {column}: {sum(mine.values()):,} rows that are "
        f"landed already break the contract as it is now: {'; '.join(reasons)}. They "
        f"are from {', '.join(places)}. {advice}."
    )


def _require_names(
    table: Table,
    loads: Sequence[Load],
    raw: Path,
    types: Mapping[Path, Mapping[str, str]],
) -> None:
    """Raise if a column may be one that the contract does not have any more."""
    new = {column.name.lower() for column in table.columns if column.was is None}
    known = {column.name.lower() for column in table.columns} | {
        name.lower() for column in table.columns for name in column.was or ()
    }
    if not new or all(
        known | LANDING_NAMES >= there.keys() for there in types.values()
    ):
        return
    repeated = repeated_files(loads)
    shown = [
        load
        for load in loads
        if load.rows_loaded and any(f.file_id not in repeated for f in load.files)
    ]
    columns_of = [
        (
            load,
            frozenset().union(*(types[load.folder(raw) / f.part] for f in load.files))
            - LANDING_NAMES,
        )
        for load in shown
    ]
    doubts = {
        (name, gone): load.load_id
        for load, names in columns_of
        for name in new - names
        # What the contract had then, and has no more.
        for gone in names - known - {name.lower() for name in load.unknown_columns}
        # Where a load has both, neither is the other.
        if not any({name, gone} <= both for _, both in columns_of)
    }
    if doubts:
        lacking = {name for name, _ in doubts}
        gone = sorted({gone for _, gone in doubts})
        raise WarehouseError(
            f"{table.full_name}: rows landed up to load {max(doubts.values())} lack "
            f"the column {', '.join(n for n in table.types if n.lower() in lacking)}, "
            f"and have {', '.join(gone)}, which the contract no longer has. If a "
            f"column was renamed, write `was: [{gone[0]}]` into its config.meta in the "
            "contract; if it is new, `was: []`."
        )
