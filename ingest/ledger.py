"""The load ledger: what was landed, from which files, with which counts.

Each load's record stands in its own folder (``_load.json``) and is renamed into
place together with the rows, so the two can never disagree.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dbt_models import WarehouseError
from ingest.export_names import in_order_of_names

RECORD = "_load.json"
# From when a table's first load counts, where its files have no dates.
BEGINNING = datetime(1900, 1, 1)
_DAMAGES = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    FileNotFoundError,
)


@dataclass(frozen=True)
class RejectCount:
    """Rows of a file refused for one reason."""

    column_name: str | None
    reason: str
    rows: int


@dataclass(frozen=True)
class LandedFile:
    """One export file inside a load.

    Attributes
    ----------
    path
        Relative to the deployment's ``exports/``.
    part, first_row
        The Parquet file of the load that holds its rows, and where in it they begin.
    delivered_on
        Date of delivery in the file's name, if it has one, by its source's clock; of
        one that is landed again from a file with a later date, the first one's.
    control_amount
        Sum of the contract's control amount over the rows landed from it.
    rows_read
        Rows counted in the file by other means than the reader that loads them.
    rejects
        Why rows were refused; a row may be so for several reasons.
    stands_for
        The file whose rows these take the place of, since they are the same ones, read
        again.
    """

    file_id: int
    path: str
    content_hash: str
    size_bytes: int
    delivered_on: datetime | None
    part: str
    first_row: int
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    control_amount: Decimal | None
    rejects: tuple[RejectCount, ...]
    stands_for: int | None = None


@dataclass(frozen=True)
class Load:
    """One immutable folder of landed rows.

    Attributes
    ----------
    delivered_at
        When its files were first landed (UTC): before ``loaded_at`` if the load repeats
        another one.
    repeats
        The load of which it lands files again, since its contract was mended or its
        events came under an earlier date; its rows take the place of theirs.
    is_snapshot
        Whether it is the whole table.
    is_backfill
        Its rows are known from their event time, not from when they were loaded.
    columns_hash
        The contract's, as it was when the load was made.
    unknown_columns
        Columns in the files that the contract did not have; landed as text.
    closes
        Files of earlier loads whose refused rows are in by now.
    reading
        The contract's, as it was then; None: an older version did not write it down.
    """

    load_id: int
    source: str
    table: str
    loaded_at: datetime
    delivered_at: datetime
    repeats: int | None
    is_snapshot: bool
    is_backfill: bool
    columns_hash: str
    unknown_columns: tuple[str, ...]
    files: tuple[LandedFile, ...]
    closes: tuple[int, ...] = ()
    reading: dict[str, Any] | None = None

    @property
    def full_name(self) -> str:
        """``<source>.<table>``."""
        return f"{self.source}.{self.table}"

    def moment_of(self, file: LandedFile, zone: str) -> datetime:
        """From when one of its files counts (UTC), if the source's clock is of a zone.

        A table's first load without dates is older than what is dated and came later.
        """
        if file.delivered_on is not None:
            return in_utc(file.delivered_on, zone)
        return BEGINNING if self.is_backfill else self.delivered_at

    def order(self, zone: str) -> tuple[datetime, int]:
        """Where it stands among the table's loads, as ``ops.load_files`` has it."""
        return max(self.moment_of(file, zone) for file in self.files), self.load_id

    @property
    def rows_rejected(self) -> int:
        """Rows refused, in all files."""
        return sum(file.rows_rejected for file in self.files)

    @property
    def rows_loaded(self) -> int:
        """Rows in the load's Parquet files."""
        return sum(file.rows_loaded for file in self.files)

    @property
    def control_amount(self) -> Decimal | None:
        """Sum of the contract's control amount; None if it has none."""
        amounts = [file.control_amount for file in self.files]
        return None if None in amounts else sum(amounts, Decimal(0))

    def folder(self, raw: Path) -> Path:
        """Where the load's Parquet files stand below ``raw``."""
        return raw / self.source / self.table / f"{self.load_id:06d}"


def read_loads(raw: Path, full_name: str | None = None) -> list[Load]:
    """Return every load under ``raw``, or one table's, oldest first.

    Raises
    ------
    WarehouseError
        If a load has lost its record: its rows would be missing without a word.
    """
    pattern = "*/*" if full_name is None else full_name.replace(".", "/")
    folders = (path for path in raw.glob(f"{pattern}/*") if path.name.isdigit())
    return sorted(map(_read, folders), key=lambda load: load.load_id)


def next_ids(loads: Iterable[Load]) -> tuple[int, int]:
    """Return the ids of the next load of the deployment, and of its first file."""
    loads = list(loads)
    file_ids = (file.file_id for load in loads for file in load.files)
    last_load_id = max((load.load_id for load in loads), default=0)
    return last_load_id + 1, max(file_ids, default=0) + 1


def repeated_files(loads: Iterable[Load]) -> set[int]:
    """Return the ids of the files whose rows a later load has landed again."""
    stood_for = {file.stands_for for load in loads for file in load.files}
    return stood_for - {None}


def file_numbers(loads: Iterable[Load], zone: str) -> dict[int, int]:
    """Return the place of each file of a table, from 1, in the order they count in.

    That is the order of delivery; of one date, that of their names, whichever came
    first; of one name or without a date, that in which they came. One that is landed
    again has the place of the one it stands for.
    """
    places: dict[int, tuple[datetime, list[str | int], str, int]] = {}
    for load in loads:
        for file in load.files:
            # Of names that sort alike (1 and 01), each is still one of its own.
            name = file.path if file.delivered_on is not None else ""
            moment = load.moment_of(file, zone)
            place = moment, in_order_of_names(name), name, file.file_id
            before = places.get(file.stands_for, place)
            # Events that turn up under an earlier date have another one.
            places[file.file_id] = before if before[0] == moment else place
    in_order = sorted(places, key=lambda file_id: (places[file_id], file_id))
    return {file_id: number for number, file_id in enumerate(in_order, start=1)}


def files_shown(loads: Iterable[Load]) -> list[LandedFile]:
    """Return the files whose rows a table's loads show, those landed again once."""
    loads = list(loads)
    repeated = repeated_files(loads)
    files = (file for load in loads for file in load.files)
    return [file for file in files if file.file_id not in repeated]


def open_rejects(loads: Iterable[Load], zone: str) -> list[tuple[Load, LandedFile]]:
    """Return a table's files with refused rows that no later load has brought in.

    A later snapshot says all that an earlier one said.
    """
    loads = list(loads)
    done = repeated_files(loads) | {
        file_id for load in loads for file_id in load.closes
    }
    newest = max(loads, key=lambda load: load.order(zone), default=None)
    return [
        (load, file)
        for load in loads
        if not load.is_snapshot or load is newest
        for file in load.files
        if file.rows_rejected and file.file_id not in done
    ]


def _read(folder: Path) -> Load:
    path = folder / RECORD
    try:
        return _as_load(json.loads(path.read_text()))
    except _DAMAGES as error:
        raise WarehouseError(
            f"{path}, the record of a load, is lost or damaged ({error!r}). Put it "
            "back from a backup; or, if the load's files are still below exports/, "
            f"delete {folder} , and the next run lands them again."
        ) from error


def _as_load(record: dict[str, Any]) -> Load:
    is_repeat = record["repeats"] is not None
    files = tuple(
        LandedFile(
            **{
                **file,
                "delivered_on": _as_moment(file["delivered_on"]),
                "control_amount": _as_decimal(file["control_amount"]),
                "rejects": tuple(RejectCount(**count) for count in file["rejects"]),
                # Where a repeat lacks it, its rows would be shown twice.
                "stands_for": file["stands_for"] if is_repeat else None,
            }
        )
        for file in record["files"]
    )
    return Load(
        **{
            **record,
            "loaded_at": datetime.fromisoformat(record["loaded_at"]),
            "delivered_at": datetime.fromisoformat(record["delivered_at"]),
            "unknown_columns": tuple(record["unknown_columns"]),
            "closes": tuple(record.get("closes", ())),
            "files": files,
        }
    )


def write_record(load: Load, folder: Path) -> None:
    """Write the load's record into its (not yet visible) folder."""
    text = json.dumps(asdict(load), indent=1, default=_as_text)
    (folder / RECORD).write_text(text)


def time_of_next(loads: Iterable[Load]) -> datetime:
    """Return when a load is made after these, also if a clock was set back since."""
    return max([now(), *(load.loaded_at for load in loads)])


def in_utc(moment: datetime, zone: str) -> datetime:
    """Return what a clock of the zone has shown in UTC.

    A name with a date alone tells the beginning of that day: what has no date and lands
    later on it, as a correction does, is newer, and not only once the day is over.
    """
    return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def now() -> datetime:
    """Return the load time: the only place where ingest reads the clock."""
    return datetime.now(UTC).replace(tzinfo=None)


def _as_decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _as_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
