"""What became of a file with refused rows: mended, or its name given to another.

Both look the same from outside: other content under the same name.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import duckdb

from dbt_models import Deployment
from ingest.checks import value_of
from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.ledger import LandedFile, Load, open_rejects
from ingest.parts import group_files
from ingest.quarantine import copies_folder, quarantine_file
from ingest.reading import read_rows
from ingest.sql import connect, files, identifier, literal


def is_mended(
    table: Table, deployment: Deployment, file: ExportFile, load: Load
) -> bool:
    """Return whether a file has all rows of the one of its name in a load.

    Raises
    ------
    WarehouseError
        If it cannot be read, or too many of its rows break the contract.
    """
    (landed,) = (known for known in load.files if known.path == file.name)
    with connect() as connection, copies_folder(deployment) as folder:
        aside = folder / "rows"
        aside.mkdir()
        parts = group_files(table, [file], folder)
        read = read_rows(
            connection, table, deployment, parts, aside, 0, {file: 0}, folder
        ).read
        rows = _rows(aside.glob("*.parquet"))
        return read[file] >= landed.rows_read and _has_all(
            connection, table, deployment, load, landed, rows
        )


def closed_rejects(
    table: Table,
    deployment: Deployment,
    loads: Iterable[Load],
    new: Load,
    aside: Path,
) -> tuple[int, ...]:
    """Return the files whose refused rows are in by now, with the new load's.

    Either the new load has the file again and all its rows, or the key of each refused
    row has come in since, wherever it stood, but for an older version of it. Of
    snapshots, the next one tells.
    """
    if table.delivery == "snapshot":
        return ()
    raw, loads, zone = deployment.raw, list(loads), table.timezone
    closed = []
    with connect() as connection:
        for load, landed in open_rejects(loads, zone):
            quarantine = quarantine_file(deployment, table.full_name, load.load_id)
            moment = load.moment_of(landed, zone)
            later = {
                aside if other is new else other.folder(raw): [
                    file.file_id
                    for file in other.files
                    # An event has no versions: it is in, whatever date a file has.
                    if table.delivery == "append"
                    or other.moment_of(file, zone) >= moment
                ]
                for other in [new, *loads]
                if other.load_id > load.load_id
            }
            again = [
                f"{_rows([aside / file.part])} where _file_id = {file.file_id}"
                for file in new.files
                if file.path == landed.path and file.rows_read >= landed.rows_read
            ]
            if any(
                _has_all(connection, table, deployment, load, landed, rows)
                for rows in again
            ) or _keys_came(connection, table, quarantine, landed, later):
                closed.append(landed.file_id)
    return tuple(closed)


def _has_all(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    deployment: Deployment,
    load: Load,
    landed: LandedFile,
    rows: str,
) -> bool:
    """Return whether rows have what identifies each that stood in the landed file.

    Of refused rows that is known unless their key was what was wrong with them.
    """
    before = _rows([load.folder(deployment.raw) / landed.part])
    types = _types(connection, before)
    names = [name for name in table.key or table.types if name in types]
    if not names or len(names) < len(table.key):
        return False  # rows were told apart by something else then
    listed = ", ".join(map(identifier, names))
    known = f"select {listed} {before} where _file_id = {landed.file_id}"
    quarantine = quarantine_file(deployment, table.full_name, load.load_id)
    if _has_keys(connection, table, quarantine):
        known += f""" union all
            select {listed} from (
                select {_values(table, types)} from (
                    select {_texts(table)} {_rows([quarantine])}
                    where file = {literal(landed.path)}
                )
            )
            where {" and ".join(f"{identifier(n)} is not null" for n in names)}"""
    # As the types were then: what is 0007 now may have been 7.
    then = ", ".join(f"try_cast({identifier(n)} as {types[n]})" for n in names)
    distinct = "" if table.key else "all"
    return connection.execute(
        f"""with known as ({known})

        select exists (from known) and not exists (
            from known except {distinct} select {then} {rows}
        )"""
    ).fetchone()[0]


def _keys_came(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    quarantine: Path,
    landed: LandedFile,
    later: Mapping[Path, Collection[int]],
) -> bool:
    """Return whether the key of each row refused from the file is in files of loads.

    The first of them is the one that is new.
    """
    if not _has_keys(connection, table, quarantine):
        return False
    connection.execute(
        f"""create or replace temp table missing as
        select distinct key as _row_id, {_texts(table)}
        {_rows([quarantine])} where file = {literal(landed.path)}"""
    )
    new, *_ = later
    for folder, file_ids in later.items():
        came = 0
        rows = _rows(folder.glob("*.parquet"))
        types = _types(connection, rows)
        if file_ids and types.keys() >= set(table.key):
            names = ", ".join(map(identifier, table.key))
            listed = ", ".join(map(str, file_ids))
            (came,) = connection.execute(
                f"""delete from missing where _row_id in (
                    select _row_id
                    from (select _row_id, {_values(table, types)} from missing)
                    semi join (select * {rows} where _file_id in ({listed})) as landed
                        using ({names})
                )"""
            ).fetchone()
        # No key came with the new load: then all is as the last look found it.
        if folder == new and not came:
            return False
    return connection.execute("select count(*) = 0 from missing").fetchone()[0]


def _texts(table: Table) -> str:
    """Return the key of a row in the quarantine as columns of text."""
    return ", ".join(
        f"trim(key[{place}]) as {identifier(name)}"
        for place, name in enumerate(table.key, start=1)
    )


def _values(table: Table, types: Mapping[str, str]) -> str:
    """Return what these texts say: as the contract has it, or the type it was then."""
    return ", ".join(
        f"""{
            value_of(table, name)
            if types[name].lower() == table.types[name].replace(" ", "")
            else f"try_cast({identifier(name)} as {types[name]})"
        } as {identifier(name)}"""
        for name in table.key
    )


def _has_keys(
    connection: duckdb.DuckDBPyConnection, table: Table, quarantine: Path
) -> bool:
    """Return whether the quarantine has keys; one of an older version has none."""
    return (
        bool(table.key)
        and quarantine.exists()
        and "key" in _types(connection, _rows([quarantine]))
    )


def _rows(paths: Iterable[Path]) -> str:
    return (
        f"from read_parquet({files(sorted(paths))}, union_by_name = true, "
        "hive_partitioning = false)"
    )


def _types(connection: duckdb.DuckDBPyConnection, rows: str) -> dict[str, str]:
    described = connection.execute(f"describe select * {rows}").fetchall()
    return {name: data_type for name, data_type, *_ in described}
