"""Which of a table's export files are deliveries that are not landed yet."""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.ledger import Load


@dataclass(frozen=True)
class Delivery:
    """Files that are landed together.

    ``repeats`` is the load that landed them before, under a contract by which rows of
    them were refused and which has been mended since.
    """

    files: list[ExportFile]
    repeats: Load | None


def new_deliveries(
    table: Table, files: Sequence[ExportFile], loads: Iterable[Load]
) -> list[Delivery]:
    """Group the files that are not landed yet into deliveries, in landing order.

    Parameters
    ----------
    table
        The contract; its ``delivery`` decides what counts as the same delivery.
    files
        All the table's files, in order of their names.
    loads
        The table's complete loads, oldest first.
    """
    loads = list(loads)
    repeats = _to_repeat(table, loads)
    loads = [_forget(load, repeats) for load in loads]
    if table.delivery == "snapshot":
        return [
            Delivery(
                parts,
                next(
                    (
                        repeats[part]
                        for part in map(_identity, parts)
                        if part in repeats
                    ),
                    None,
                ),
            )
            for parts in _new_snapshots(files, loads)
        ]
    find = _new_events if table.delivery == "append" else _new_changes
    groups: dict[int | float, Delivery] = {}
    for file in find(files, loads):
        repeated = repeats.get(_identity(file))
        place = repeated.load_id if repeated else math.inf
        groups.setdefault(place, Delivery([], repeated)).files.append(file)
    return [groups[place] for place in sorted(groups)]


def _identity(file: ExportFile) -> tuple[str, str]:
    return file.name, file.content_hash


def _to_repeat(table: Table, loads: Iterable[Load]) -> dict[tuple[str, str], Load]:
    """Return the loads to make again, by path and content hash of their files."""
    latest = {file.path: (file, load) for load in loads for file in load.files}
    return {
        (path, file.content_hash): load
        for path, (file, load) in latest.items()
        if file.rows_rejected and load.columns_hash != table.columns_hash
    }


def _forget(load: Load, repeats: Container[tuple[str, str]]) -> Load:
    """Return the load as if the content of files to repeat had been another."""
    files = (
        replace(file, content_hash="")
        if (file.path, file.content_hash) in repeats
        else file
        for file in load.files
    )
    return replace(load, files=tuple(files))


def _new_events(files: Sequence[ExportFile], loads: list[Load]) -> list[ExportFile]:
    seen = {file.content_hash for load in loads for file in load.files}
    new = []
    for file in files:
        if file.content_hash not in seen:
            seen.add(file.content_hash)
            new.append(file)
    return new


def _new_changes(files: Sequence[ExportFile], loads: list[Load]) -> list[ExportFile]:
    latest = {
        file.path: (file.delivered_on or date.min, file.path, file.content_hash)
        for load in loads
        for file in load.files
    }
    new = []
    for file in sorted(files, key=lambda file: file.order):
        # A name that is new is compared with the file before it: the latest again,
        # under another name, changes nothing.
        before = [known for known in latest.values() if known[:2] < file.order]
        known = latest.get(file.name) or max(before, default=None)
        if known is None or known[2] != file.content_hash:
            new.append(file)
        latest[file.name] = (*file.order, file.content_hash)
    return new


def _new_snapshots(
    files: Sequence[ExportFile], loads: list[Load]
) -> list[list[ExportFile]]:
    parts: dict[date | None, list[ExportFile]] = defaultdict(list)
    for file in files:
        parts[file.delivered_on].append(file)
    landed = [
        (load.files[0].delivered_on, {file.content_hash for file in load.files})
        for load in loads
    ]
    new = []
    for day in sorted(parts, key=lambda day: day or date.min):
        content = {file.content_hash for file in parts[day]}
        # A dated snapshot is compared with the one before it, which need not be the
        # newest; one without a date with the last one without.
        before = [
            (then or date.min, order, hashes)
            for order, (then, hashes) in enumerate(landed)
            if (then is None and day is None) or (then and day and then <= day)
        ]
        if not before or max(before, key=lambda b: b[:2])[2] != content:
            new.append(parts[day])
            landed.append((day, content))
    return new
