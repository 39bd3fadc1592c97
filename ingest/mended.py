"""What became of a file with refused rows: mended, or its name given to another.

Both look the same from outside: other content under the same name.
"""

from collections.abc import Iterable, Sequence
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
    """Return whether a file has all rows that were landed from the one of its name.

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
        read_rows(connection, table, deployment, parts, aside, 0, {file: 0}, folder)
        rows = _rows(aside.glob("*.parquet"))
        return _has_all(connection, table, deployment.raw, load, landed, rows)


def closed_rejects(
    table: Table,
    deployment: Deployment,
    loads: Iterable[Load],
    new: Load,
    aside: Path,
) -> tuple[int, ...]:
    """Return the files whose refused rows are in by now, with the new load's.

    Either the new load has the file again and all its rows, or the key of each refused
    row has come in since, wherever it stood. Of snapshots, the next one tells.
    """
    if table.delivery == "snapshot":
        return ()
    raw, loads = deployment.raw, list(loads)
    closed = []
    with connect() as connection:
        for load, landed in open_rejects(loads):
            quarantine = quarantine_file(deployment, table.full_name, load.load_id)
            later = [
                other.folder(raw) for other in loads if other.load_id > load.load_id
            ]
            again = [
                f"{_rows([aside / file.part])} where _file_id = {file.file_id}"
                for file in new.files
                if file.path == landed.path and file.rows_read >= landed.rows_read
            ]
            if any(
                _has_all(connection, table, raw, load, landed, rows) for rows in again
            ) or _keys_came(connection, table, quarantine, landed, [*later, aside]):
                closed.append(landed.file_id)
    return tuple(closed)


def _has_all(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    raw: Path,
    load: Load,
    landed: LandedFile,
    rows: str,
) -> bool:
    """Return whether rows have what identifies each that was landed from the file."""
    before = _rows([load.folder(raw) / landed.part])
    types = _types(connection, before)
    names = [name for name in table.key or table.types if name in types]
    if not names or len(names) < len(table.key):
        return False  # rows were told apart by something else then
    # As the types were then: what is 0007 now may have been 7.
    then = ", ".join(f"try_cast({identifier(n)} as {types[n]})" for n in names)
    distinct = "" if table.key else "all"
    (missing,) = connection.execute(
        f"""select count(*) from (
            select {", ".join(map(identifier, names))}
            {before} where _file_id = {landed.file_id}
            except {distinct}
            select {then} {rows}
        )"""
    ).fetchone()
    return missing == 0


def _keys_came(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    quarantine: Path,
    landed: LandedFile,
    folders: Sequence[Path],
) -> bool:
    """Return whether the key of each row refused from the file is in a load."""
    if not table.key or not quarantine.exists():
        return False
    refused = _rows([quarantine])
    if "key" not in _types(connection, refused):
        return False  # of an older version
    texts = ", ".join(
        f"trim(key[{place}]) as {identifier(name)}"
        for place, name in enumerate(table.key, start=1)
    )
    connection.execute(
        f"""create or replace temp table missing as
        select distinct key as _row_id, {texts}
        {refused} where file = {literal(landed.path)}"""
    )
    for folder in folders:
        rows = _rows(folder.glob("*.parquet"))
        types = _types(connection, rows)
        if types.keys() >= set(table.key):
            # As it is written now, unless it was of another type then.
            values = {
                name: value_of(table, name)
                if types[name].lower() == table.types[name].replace(" ", "")
                else f"try_cast({identifier(name)} as {types[name]})"
                for name in table.key
            }
            keys = ", ".join(f"{v} as {identifier(n)}" for n, v in values.items())
            connection.execute(
                f"""delete from missing where _row_id in (
                    select _row_id from (select _row_id, {keys} from missing)
                    semi join (select * {rows}) as landed
                    using ({", ".join(map(identifier, values))})
                )"""
            )
    return connection.execute("select count(*) = 0 from missing").fetchone()[0]


def _rows(paths: Iterable[Path]) -> str:
    return (
        f"from read_parquet({files(sorted(paths))}, union_by_name = true, "
        "hive_partitioning = false)"
    )


def _types(connection: duckdb.DuckDBPyConnection, rows: str) -> dict[str, str]:
    described = connection.execute(f"describe select * {rows}").fetchall()
    return {name: data_type for name, data_type, *_ in described}
