"""Which landed files are to be landed again, and take the place of what was landed.

Those of which an earlier contract refused rows that the one of now may take; and events
that turn up once more under an earlier date.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.ledger import LandedFile, Load, repeated_files

Refused = Mapping[int, tuple[LandedFile, Load]]


def refused_files(table: Table, loads: Iterable[Load]) -> Refused:
    """Return by id the files of which another contract than now's refused rows."""
    loads = list(loads)
    done = repeated_files(loads)
    return {
        file.file_id: (file, load)
        for load in loads
        for file in load.files
        if file.rows_rejected
        and load.columns_hash != table.columns_hash
        and file.file_id not in done
    }


def files_to_repeat(
    table: Table,
    files: Sequence[ExportFile],
    loads: Sequence[Load],
    refused: Refused,
    is_mended: Callable[[ExportFile, Load], bool],
) -> dict[str, tuple[LandedFile, Load]]:
    """Return what is to be landed again, by the names that the files now have.

    A file may be mended together with the contract.
    """
    latest = {file.path: file.file_id for load in loads for file in load.files}
    by_content = {landed.content_hash: landed.file_id for landed, _ in refused.values()}
    here = {(file.name, file.content_hash) for file in files}
    # Equal content is the same events, whenever it comes.
    events = set()
    if table.delivery == "append":
        events = {file.content_hash for load in loads for file in load.files}
    repeats = {}
    for file in files:
        # Of a name that was used again, only what it was last is landed again: what it
        # was before, and is once more, is a later delivery.
        if latest.get(file.name) in refused:
            landed, load = refused[latest[file.name]]
            if landed.content_hash == file.content_hash or (
                file.content_hash not in events and is_mended(file, load)
            ):
                repeats[file.name] = landed, load
                continue
        if file.content_hash in by_content:
            landed, load = refused[by_content[file.content_hash]]
            is_moved = (
                file.name not in latest
                and file.delivered_on == landed.delivered_on
                and latest[landed.path] == landed.file_id
                and (landed.path, landed.content_hash) not in here
            )
            if is_moved or file.content_hash in events:
                repeats[file.name] = landed, load
    if table.delivery == "append":
        return _earlier_twins(files, loads) | repeats
    return repeats


def _earlier_twins(
    files: Iterable[ExportFile], loads: Iterable[Load]
) -> dict[str, tuple[LandedFile, Load]]:
    """Return dated files that are to stand for equal ones, which count from later."""
    loads = list(loads)
    done = repeated_files(loads)
    landed = {
        file.content_hash: (file, load)
        for load in loads
        for file in load.files
        if file.delivered_on is not None and file.file_id not in done
    }
    return {
        file.name: landed[file.content_hash]
        for file in files
        if file.delivered_on is not None
        and file.content_hash in landed
        and file.delivered_on < landed[file.content_hash][0].delivered_on
    }


def moved_files(files: Sequence[ExportFile], loads: Iterable[Load]) -> set[ExportFile]:
    """Return the files that were landed from another folder, and are gone from there.

    They say nothing new.
    """
    here = {(file.name, file.content_hash) for file in files}
    landed = [file for load in loads for file in load.files]
    paths = {file.path for file in landed}
    gone = {
        (_file_name(file.path), file.delivered_on, file.content_hash)
        for file in landed
        if (file.path, file.content_hash) not in here
    }
    return {
        file
        for file in files
        if file.name not in paths
        and (_file_name(file.name), file.delivered_on, file.content_hash) in gone
    }


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def snapshots_to_repeat(
    table: Table, files: Iterable[ExportFile], loads: Iterable[Load], refused: Refused
) -> dict[datetime | None, Load]:
    """Return the loads to make again, by the dates of their snapshots.

    Only the last of a date, or of those without one: what was there before and is once
    more, is a later delivery. And with all of its parts, or it would no longer be the
    whole table.
    """
    content = defaultdict(set)
    for file in files:
        content[file.delivered_on].add(file.content_hash)
    last = {
        load.files[0].delivered_on: load
        for load in sorted(loads, key=lambda load: load.order(table.timezone))
    }
    wrong = {load.load_id for _, load in refused.values()}
    return {
        day: load
        for day, load in last.items()
        if load.load_id in wrong and content[day] >= content_of(load.files)
    }


def stand_ins(parts: Iterable[ExportFile], repeated: Load | None) -> dict[str, int]:
    """Return which files of a load the parts of its snapshot stand for."""
    names = defaultdict(list)
    for part in parts:
        names[part.content_hash].append(part.name)
    return {
        names[file.content_hash].pop(): file.file_id
        for file in (repeated.files if repeated else ())
        if names[file.content_hash]
    }


def content_of(files: Iterable[ExportFile | LandedFile]) -> set[str]:
    """Return the hashes of what is in the files."""
    return {file.content_hash for file in files}
