"""Which of a table's export files are deliveries that are not landed yet."""

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.contracts import Table
from ingest.export_names import in_order_of_names
from ingest.exports import ExportFile
from ingest.ledger import BEGINNING, Load, in_utc, time_of_next
from ingest.parts import refuse
from ingest.repeats import (
    content_of,
    files_to_repeat,
    moved_files,
    refused_files,
    snapshots_to_repeat,
    stand_ins,
)

# By moment; what came at once, in order of names.
_Place = tuple[datetime, tuple[str | int, ...], str]


@dataclass(frozen=True)
class Delivery:
    """Files that are landed together.

    Attributes
    ----------
    repeats
        The load that landed them before, if their rows are to take the place of its.
    stands_for
        By the names of files, the landed ones whose rows are theirs.
    """

    files: list[ExportFile]
    repeats: Load | None
    stands_for: dict[str, int]


def new_deliveries(
    table: Table,
    files: Sequence[ExportFile],
    loads: Iterable[Load],
    unchanged: Iterable[ExportFile],
    is_mended: Callable[[ExportFile, Load], bool],
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
    unchanged
        Files, dated and perhaps gone, that said what the one before them said.
    is_mended
        Says of a file with the name of one in a load, whether it is that one, mended.
    """
    loads = list(loads)
    refused = refused_files(table, loads)
    if table.delivery == "snapshot":
        repeats = snapshots_to_repeat(table, files, loads, refused)
        return [
            Delivery(parts, repeats.get(day), stand_ins(parts, repeats.get(day)))
            for parts in _new_snapshots(
                table, files, loads, repeats, refused, unchanged
            )
            for day in [parts[0].delivered_on]
        ]
    repeats = files_to_repeat(table, files, loads, refused, is_mended)
    new = (
        _new_events(table, files, loads, repeats)
        if table.delivery == "append"
        else _new_changes(
            table, files, loads, repeats, refused, moved_files(files, loads)
        )
    )
    groups: dict[int | float, Delivery] = {}
    for file in new:
        landed, load = repeats.get(file.name, (None, None))
        place = load.load_id if load else math.inf
        group = groups.setdefault(place, Delivery([], load, {}))
        group.files.append(file)
        if landed:
            group.stands_for[file.name] = landed.file_id
    return [groups[place] for place in sorted(groups)]


def changes(
    table: Table, files: Sequence[ExportFile], loads: list[Load]
) -> list[list[ExportFile]]:
    """Return the dated deliveries that differ from the landed one before them."""
    if table.delivery == "snapshot":
        return _new_snapshots(table, files, loads, again=(), refused=())
    found = _new_changes(table, files, loads, again=(), refused=(), moved=())
    return [[file] for file in found]


def _new_events(
    table: Table,
    files: Sequence[ExportFile],
    loads: list[Load],
    again: Container[str],
) -> list[ExportFile]:
    seen = {file.content_hash for load in loads for file in load.files}
    seen -= {file.content_hash for file in files if file.name in again}
    new = []
    for file in _in_order(table, files, loads):
        if file.content_hash not in seen:
            seen.add(file.content_hash)
            new.append(file)
    return new


def _new_changes(
    table: Table,
    files: Sequence[ExportFile],
    loads: list[Load],
    again: Container[str],
    refused: Container[int],
    moved: Container[ExportFile],
) -> list[ExportFile]:
    # What was said when, and the last place of each name; of what was read otherwise
    # than now, nobody knows what it says.
    said: dict[_Place, str | None] = {}
    latest: dict[str, _Place] = {}
    for load in loads:
        for file in load.files:
            moment = load.moment_of(file, table.timezone)
            latest[file.path] = _place(moment, file.path)
            is_clear = file.file_id not in refused
            said[latest[file.path]] = file.content_hash if is_clear else None
    new = []
    order = sorted(said)
    for file, here in _in_order(table, files, loads).items():
        known = latest.get(file.name)
        if file.name in again:
            new.append(file)
            if known is not None:
                said[known] = file.content_hash
            continue
        if known is not None and said[known] == file.content_hash:
            continue
        if file in moved:
            continue
        # A date that is new is compared with the file before it: the latest again
        # changes nothing. Without a date it is landed all the same: if it stays, only
        # its load tells that it came before the next change and not after it.
        earlier = bisect_left(order, here)
        before = said[order[earlier - 1]] if earlier else None
        if (
            known is not None
            or file.delivered_on is None
            or before != file.content_hash
        ):
            new.append(file)
            said[here], latest[file.name] = file.content_hash, here
            order.insert(earlier, here)
    return new


def _in_order(
    table: Table, files: Iterable[ExportFile], loads: Sequence[Load]
) -> dict[ExportFile, _Place]:
    """Return the files in the order they count in, with their places in it."""
    moments = _moments(table, files, loads)
    places = {file: _place(moments[file.delivered_on], file.name) for file in files}
    return dict(sorted(places.items(), key=lambda found: found[1]))


def _place(moment: datetime, name: str) -> _Place:
    # Of names that sort alike (1 and 01), each is still one of its own.
    return moment, tuple(in_order_of_names(name)), name


def _new_snapshots(
    table: Table,
    files: Sequence[ExportFile],
    loads: list[Load],
    again: Container[datetime | None],
    refused: Container[int],
    unchanged: Iterable[ExportFile] = (),
) -> list[list[ExportFile]]:
    parts: dict[datetime | None, list[ExportFile]] = defaultdict(list)
    for file in files:
        parts[file.delivered_on].append(file)
    known = defaultdict(set)
    for file in unchanged:
        known[file.delivered_on].add(file.content_hash)
    # What was said when; where two say it of one moment and date, the later one.
    said: dict[tuple[datetime, datetime], set[str]] = {}
    unclear = set()
    for load in loads:
        moment, _ = load.order(table.timezone)
        place = moment, load.files[0].delivered_on or datetime.min
        said[place] = content_of(load.files)
        if any(file.file_id in refused for file in load.files):
            unclear.add(place)
    new = []
    order = sorted(said)
    moments = _moments(table, files, loads)
    # Where clocks go forward, names that differ may be of one moment.
    places = {day: (moments[day], day or datetime.min) for day in parts}
    for day, here in sorted(places.items(), key=lambda found: found[1]):
        content = content_of(parts[day])
        # A dated snapshot is compared with the one before it, which need not be the
        # newest; one without a date, which may be still there, with the last without.
        if day is None:
            undated = (place for place in order if place[1] == datetime.min)
            before = max(undated, default=None)
        else:
            earlier = bisect_right(order, here)
            before = order[earlier - 1] if earlier else None
        has_come = before is not None and before[1] == here[1]
        if has_come:
            # Parts of it may be gone by now.
            is_known = content <= said[before]
        else:
            is_known = before not in unclear and (
                content <= known[day] or content == said.get(before)
            )
        if not is_known or day in again:
            if has_come and day is not None:
                _require_parts(table, parts[day], loads)
            new.append(parts[day])
            said[here] = content
            unclear.discard(here)
            insort(order, here)
    return new


def _require_parts(
    table: Table, parts: Sequence[ExportFile], loads: Iterable[Load]
) -> None:
    """Raise if a part of a landed snapshot has changed while another one is gone."""
    *_, landed = (
        load.files
        for load in loads
        if load.files[0].delivered_on == parts[0].delivered_on
    )
    before = {file.path: file.content_hash for file in landed}
    content, here = content_of(parts), {file.name for file in parts}
    gone = [n for n, said in before.items() if n not in here and said not in content]
    changed = [
        f.name for f in parts if before.get(f.name, f.content_hash) != f.content_hash
    ]
    if gone and changed:
        raise refuse(
            table,
            changed[0],
            f"it has changed since it was landed, but {table.place(gone[0])}, landed "
            "with it as one snapshot, is not there any more, and its rows would be "
            "deleted. Put that file back too; or, if its rows are to go, one of its "
            "name with nothing but a header",
        )


def _moments(
    table: Table, files: Iterable[ExportFile], loads: Sequence[Load]
) -> dict[datetime | None, datetime]:
    """Return from when files count (UTC) that are landed now, by their dates."""
    dates = {file.delivered_on for file in files}
    named = {date: in_utc(date, table.timezone) for date in dates if date is not None}
    return named | {None: time_of_next(loads) if loads else BEGINNING}
