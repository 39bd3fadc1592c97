"""Which of a table's export files are deliveries that are not landed yet."""

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.contracts import Table
from ingest.exports import ExportFile, in_order_of_names
from ingest.ledger import BEGINNING, Load, in_utc, now, repeated_files
from ingest.parts import refuse

# By moment; what came at once, in order of names.
_Place = tuple[datetime, tuple[str | int, ...], str]


@dataclass(frozen=True)
class Delivery:
    """Files that are landed together.

    ``repeats`` is the load that landed them before, under a contract by which rows of
    them were refused and which has been mended since.
    """

    files: list[ExportFile]
    repeats: Load | None


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
    repeats = _to_repeat(table, files, loads, is_mended)
    if table.delivery == "snapshot":
        return [
            Delivery(
                parts,
                next((repeats[p.name] for p in parts if p.name in repeats), None),
            )
            for parts in _new_snapshots(table, files, loads, repeats, unchanged)
        ]
    find = _new_events if table.delivery == "append" else _new_changes
    groups: dict[int | float, Delivery] = {}
    for file in find(table, files, loads, repeats):
        repeated = repeats.get(file.name)
        place = repeated.load_id if repeated else math.inf
        groups.setdefault(place, Delivery([], repeated)).files.append(file)
    return [groups[place] for place in sorted(groups)]


def changes(
    table: Table, files: Sequence[ExportFile], loads: list[Load]
) -> list[list[ExportFile]]:
    """Return the dated deliveries that differ from the landed one before them."""
    if table.delivery == "snapshot":
        return _new_snapshots(table, files, loads, again=())
    return [[file] for file in _new_changes(table, files, loads, again=())]


def _to_repeat(
    table: Table,
    files: Sequence[ExportFile],
    loads: Sequence[Load],
    is_mended: Callable[[ExportFile, Load], bool],
) -> dict[str, Load]:
    """Return the loads to make again, by the names that their files now have.

    A file may be mended together with the contract; but another snapshot is never the
    one before it.
    """
    done = repeated_files(loads)
    latest = {file.path: file.file_id for load in loads for file in load.files}
    found = {
        file.file_id: (file, load)
        for load in loads
        for file in load.files
        if file.rows_rejected
        and load.columns_hash != table.columns_hash
        and file.file_id not in done
    }
    by_content = {
        landed.content_hash: (landed, load) for landed, load in found.values()
    }
    here = {(file.name, file.content_hash) for file in files}
    repeats = {}
    for file in files:
        # Of a name that was used again, only what it was last is landed again: what it
        # was before, and is once more, is a later delivery.
        if latest.get(file.name) in found:
            landed, load = found[latest[file.name]]
            if landed.content_hash == file.content_hash or (
                table.delivery != "snapshot" and is_mended(file, load)
            ):
                repeats[file.name] = load
                continue
        if file.content_hash in by_content:
            landed, load = by_content[file.content_hash]
            is_moved = (
                file.name not in latest
                and latest[landed.path] == landed.file_id
                and (landed.path, landed.content_hash) not in here
            )
            # Equal content is the same events, whenever it comes.
            if is_moved or table.delivery == "append":
                repeats[file.name] = load
    if table.delivery == "snapshot":
        # Without one of its parts it would no longer be the whole table.
        contents = {file.content_hash for file in files}
        return {
            name: load
            for name, load in repeats.items()
            if contents.issuperset(file.content_hash for file in load.files)
        }
    return repeats


def _new_events(
    _: Table, files: Sequence[ExportFile], loads: list[Load], again: Container[str]
) -> list[ExportFile]:
    seen = {file.content_hash for load in loads for file in load.files}
    seen -= {file.content_hash for file in files if file.name in again}
    new = []
    for file in files:
        if file.content_hash not in seen:
            seen.add(file.content_hash)
            new.append(file)
    return new


def _new_changes(
    table: Table, files: Sequence[ExportFile], loads: list[Load], again: Container[str]
) -> list[ExportFile]:
    # What was said when, and the last place of each name.
    said: dict[_Place, str] = {}
    latest: dict[str, _Place] = {}
    for load in loads:
        for file in load.files:
            moment = load.moment_of(file, table.timezone)
            latest[file.path] = _place(moment, file.path)
            said[latest[file.path]] = file.content_hash
    unmoved = {(file.name, file.content_hash) for file in files}
    # Files that are gone from where they were landed: one of them in another folder has
    # been moved, and says nothing new.
    gone = {
        (_file_name(file.path), file.delivered_on, file.content_hash)
        for load in loads
        for file in load.files
        if (file.path, file.content_hash) not in unmoved
    }
    new = []
    order = sorted(said)
    moments = _moments(table, files, loads)
    places = {file: _place(moments[file.delivered_on], file.name) for file in files}
    for file, here in sorted(places.items(), key=lambda found: found[1]):
        known = latest.get(file.name)
        if file.name in again:
            new.append(file)
            if known is not None:
                said[known] = file.content_hash
            continue
        if known is not None and said[known] == file.content_hash:
            continue
        moved = (_file_name(file.name), file.delivered_on, file.content_hash)
        if known is None and moved in gone:
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


def _place(moment: datetime, name: str) -> _Place:
    # Of names that sort alike (1 and 01), each is still one of its own.
    return moment, tuple(in_order_of_names(name)), name


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _new_snapshots(
    table: Table,
    files: Sequence[ExportFile],
    loads: list[Load],
    again: Container[str],
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
    for load in loads:
        moment, _ = load.order(table.timezone)
        content = {file.content_hash for file in load.files}
        said[moment, load.files[0].delivered_on or datetime.min] = content
    new = []
    order = sorted(said)
    moments = _moments(table, files, loads)
    # Where clocks go forward, names that differ may be of one moment.
    places = {day: (moments[day], day or datetime.min) for day in parts}
    for day, here in sorted(places.items(), key=lambda found: found[1]):
        content = {file.content_hash for file in parts[day]}
        # A dated snapshot is compared with the one before it, which need not be the
        # newest; one without a date, which may be still there, with the last without.
        if day is None:
            undated = (place for place in order if place[1] == datetime.min)
            before = max(undated, default=None)
        else:
            earlier = bisect_right(order, here)
            before = order[earlier - 1] if earlier else None
        # Of a delivery that has come, parts may be gone by now.
        is_known = content <= known[day] or (
            content <= said[before]
            if before and before[1] == here[1]
            else content == said.get(before)
        )
        if not is_known or any(file.name in again for file in parts[day]):
            if day is not None and before and before[1] == day:
                _require_parts(table, parts[day], loads)
            new.append(parts[day])
            said[here] = content
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
    content = {file.content_hash for file in parts}
    here = {file.name for file in parts}
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
    return named | {None: now() if loads else BEGINNING}
