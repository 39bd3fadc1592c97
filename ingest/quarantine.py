"""The quarantine: rows that break their contract, below ``data/restricted/rejects/``.

Their text may hold personal data and is not published; the ledger has the counts.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Table
from ingest.disk import is_disk_full
from ingest.exports import ExportFile
from ingest.ledger import LandedFile, Load
from ingest.parts import Part, refuse
from ingest.readers.readable import Readable
from ingest.rejects import Reject, Sifted, count_rows

# The table's last try, if more rows were broken than the contract allows.
_FAILED = "failed"


def quarantine_file(
    deployment: Deployment, full_name: str, load_id: int | None = None
) -> Path:
    """Return where a load's rejected rows are; None: those of the last failed try."""
    folder = deployment.restricted / "rejects" / full_name.replace(".", "/")
    name = _FAILED if load_id is None else f"{load_id:06d}"
    return folder / f"{name}.parquet"


@contextmanager
def copies_folder(deployment: Deployment) -> Iterator[Path]:
    """Give a folder for copies of exports, where only this user may look.

    What a killed run left in it goes first.
    """
    folder = _restricted(deployment) / "copies"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def sift(
    part: Part, broken: Iterable[Readable], folder: Path, most: float
) -> dict[ExportFile, Sifted]:
    """Part the rows of broken files into those that keep the contract and the others.

    Of more than ``most`` broken ones, it is not worth to know what is wrong with each.

    Raises
    ------
    WarehouseError
        If a file cannot be read at all.
    """
    sifted = {}
    for found in broken:
        aside = folder / f"sifted_{len(list(folder.iterdir()))}"
        aside.mkdir()
        try:
            checks = part.checks(part.doubtful)
            sifted[found.file] = found.sift(part.types, checks, aside, most)
        except (WarehouseError, OSError) as error:
            raise refuse(part.table, found.file.name, error) from error
        except duckdb.Error as error:
            reason = error
            if not is_disk_full(error):
                # What it says may hold a value, and reasons are published.
                reason = f"its rows cannot be told apart ({type(error).__name__})"
            raise refuse(part.table, found.file.name, reason) from error
    return sifted


def refuse_many(
    deployment: Deployment,
    table: Table,
    rejects: Mapping[ExportFile, Sequence[Reject]],
    rows_read: int,
    *,
    is_all: bool,
) -> None:
    """Raise if more rows are broken than the contract allows.

    If the rejects are not all, there are more.

    Raises
    ------
    WarehouseError
        With the first of them; the others are in the quarantine as a failed try.
    """
    rejected = sum(map(count_rows, rejects.values()))
    if is_all and rejected <= table.max_rejects * rows_read:
        return
    keep(deployment, table.full_name, rejects)
    file, first = next((file, found[0]) for file, found in rejects.items() if found)
    column = f", column {first.column_name}" if first.column_name else ""
    raise refuse(
        table,
        file.name,
        f"line {first.line}{column}: {first.reason}. {'' if is_all else 'At least '}"
        f"{rejected:,} of {rows_read:,} rows break the contract; it allows "
        f"{table.max_rejects:.1%} (max_rejects). `crm rejects` lists them",
    )


def keep(
    deployment: Deployment,
    full_name: str,
    rejects: Mapping[ExportFile, Iterable[Reject]],
    load_id: int | None = None,
) -> None:
    """Write the rejects of a load, or of a try that failed, into the quarantine."""
    # A tenth of a second that a run without rejects does not pay.
    import pyarrow
    from pyarrow import parquet

    rows = [
        {"file": file.name, **vars(reject)}
        for file, found in rejects.items()
        for reject in found
    ]
    _restricted(deployment)
    path = quarantine_file(deployment, full_name, load_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    types = {"line": pyarrow.int64(), "key": pyarrow.list_(pyarrow.string())}
    schema = pyarrow.schema(
        [(name, types.get(name, pyarrow.string())) for name in rows[0]]
    )
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), aside)
    with aside.open("rb") as stream:
        os.fsync(stream.fileno())
    aside.replace(path)


def kept(deployment: Deployment, load: Load, file: LandedFile) -> list[Reject]:
    """Return the rows of a file that a load has put into the quarantine."""
    from pyarrow import parquet

    path = quarantine_file(deployment, load.full_name, load.load_id)
    if not path.exists():
        return []  # if it is lost, `crm rejects` says so
    rows = parquet.read_table(path, filters=[("file", "=", file.path)]).to_pylist()
    return [
        Reject(
            row["line"], row["column_name"], row["reason"], row["text"], row.get("key")
        )
        for row in rows
    ]


def _restricted(deployment: Deployment) -> Path:
    deployment.restricted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return deployment.restricted
