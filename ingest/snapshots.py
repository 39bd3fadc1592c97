"""Deliveries of a snapshot table: whether files are one, and whether one is whole.

Only what a whole one lacks is gone.
"""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping
from pathlib import Path

import duckdb

from ingest.contracts import Table
from ingest.exports import ExportFile
from ingest.parts import refuse
from ingest.sql import files, identifier

# In the order in which they count; repeated loads do no more.
_DELIVERIES = """
    select
        loads.load_id,
        loads.rows_rejected,
        list(load_files.content_hash order by load_files.content_hash) as content
    from ops.loads
    inner join ops.load_files
        on loads.load_id = load_files.load_id and not load_files.is_repeated
    where loads.source_system = $source and loads.table_name = $table
    group by loads.load_id, loads.rows_rejected
    order by max(load_files.delivered_at), loads.load_id
"""
_MARK = """
    update ops.loads
    set
        rows_before = marks.rows_before,
        rows_missing = marks.rows_missing,
        is_whole = marks.is_whole
    from (
        select
            unnest(?) as load_id,
            unnest(?) as rows_before,
            unnest(?) as rows_missing,
            unnest(?) as is_whole
    ) as marks
    where loads.load_id = marks.load_id
"""


def require_one_delivery(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    ids: Mapping[ExportFile, int],
    folder: Path,
) -> None:
    """Raise if files that make one snapshot contradict each other.

    Parts of a table do not; but several deliveries do whose names do not tell when they
    were, and of those nobody knows which one holds.

    Raises
    ------
    RefusedDeliveryError
        If rows in two of the files have one key and are not the same; or if one file
        has most keys of another, but not the same: what only one has was deleted.
    """
    paths = {file_id: file for file, file_id in ids.items()}
    is_dated = next(iter(ids)).delivered_on is not None
    if len(ids) == 1 or (is_dated and table.version_by):
        return
    keys = ", ".join(map(identifier, table.key))
    columns = ", ".join(map(identifier, table.types))
    found = connection.execute(_two_deliveries(folder, keys, columns)).fetchone()
    if found is None:
        return
    first, second = (paths[file_id].name for file_id in found[:2])
    key, other = " and ".join(table.key), table.place(second)
    raise refuse(
        table,
        first,
        (
            f"rows of it have the same {key} as rows of {other} and say something else"
            if found[2]
            else f"by {key}, most rows of it or of {other} are in both, but not all"
        )
        + ". So they are no parts of one snapshot, but look like two deliveries: put "
        "the time of delivery into the name or the folder of each (2026-01-31, or "
        "2026-01-31T0800), or take one away",
    )


def _two_deliveries(folder: Path, keys: str, columns: str) -> str:
    """Return the SQL of two files that are no parts of one snapshot.

    Its third column is whether they say different things of one key.
    """
    return f"""with landed as (
        from read_parquet(
            {files(sorted(folder.glob("*.parquet")))},
            union_by_name = true,
            hive_partitioning = false
        )
    ),

    shared as (
        select {keys} from landed
        group by all having min(_file_id) < max(_file_id)
    ),

    contents as (
        select {keys}, _file_id, list_sort(list(distinct row({columns}))) as rows
        from landed semi join shared using ({keys})
        group by all
    ),

    contradictions as (
        select lag(_file_id) over same_key as first, _file_id as second
        from contents
        window same_key as (partition by {keys} order by _file_id)
        qualify rows <> lag(rows) over same_key
    ),

    sizes as (
        select _file_id, count(distinct ({keys})) as size
        from landed
        where _file_id in (select _file_id from contents)
        group by _file_id
    ),

    pairs as (
        select one._file_id as first, other._file_id as second, count(*) as shared
        from contents as one
        inner join contents as other using ({keys})
        where one._file_id < other._file_id
        group by all
    )

    select first, second, true as differ from contradictions
    union all
    select pairs.first, pairs.second, false as differ
    from pairs
    inner join sizes as one on pairs.first = one._file_id
    inner join sizes as other on pairs.second = other._file_id
    where
        2 * pairs.shared > least(one.size, other.size)
        and pairs.shared < greatest(one.size, other.size)
    order by differ desc, first, second
    limit 1"""


def mark_whole_snapshots(
    connection: duckdb.DuckDBPyConnection, table: Table, accepted: Container[int]
) -> None:
    """Say in ``ops.loads`` which deliveries are whole, and what they lack.

    One is whole if none of its rows was refused, and if of the rows before it (those of
    the last whole one, and of deliveries since) no larger share is missing than the
    contract's ``max_deletions``. One that says the same as the one before it is no more
    whole than that: whether it was landed at all depends on which of them came first.

    Parameters
    ----------
    accepted
        Loads that are whole whatever is missing, since a person says so.
    """
    deliveries = connection.execute(
        _DELIVERIES, {"source": table.source, "table": table.name}
    ).fetchall()
    gaps = _gaps(connection, table, [load_id for load_id, _, _ in deliveries])
    rows_of: Counter[int] = Counter()
    for rows_until in gaps.values():
        rows_of.update(rows_until)
    # Rows since the last whole delivery by the place of the one they were last seen in.
    last_seen: dict[int, int] = {}
    marks = []
    content_before, verdict = None, None
    for place, (load_id, rows_rejected, content) in enumerate(deliveries):
        before = missing = sum(last_seen.values())
        for seen, rows in gaps[place].items():
            if seen in last_seen:
                last_seen[seen] -= rows
                missing -= rows
        is_believed = missing <= table.max_deletions * before
        if content == content_before:
            before, missing, is_believed = verdict
        is_believed = is_believed or load_id in accepted
        content_before, verdict = content, (before, missing, is_believed)
        is_whole = is_believed and not rows_rejected
        if is_whole:
            last_seen.clear()
        last_seen[place] = rows_of[place]
        marks.append((load_id, before, missing, is_whole))
    if marks:
        connection.execute(_MARK, [list(column) for column in zip(*marks, strict=True)])


def _gaps(
    connection: duckdb.DuckDBPyConnection, table: Table, load_ids: list[int]
) -> dict[int, dict[int, int]]:
    """Count rows by the delivery that they are next in, and by the one before that.

    Both are places among the loads; what does not come back is next in one behind them.
    """
    gaps: dict[int, dict[int, int]] = defaultdict(dict)
    if len(load_ids) < 2:
        return gaps
    keys = ", ".join(map(identifier, table.key))
    found = connection.execute(
        f"""with appearances as (
            select distinct {keys}, list_position($load_ids, _load_id) - 1 as place
            from {table.raw_schema}.{identifier(table.name)}
        ),

        gaps as (
            select
                place,
                lead(place, 1, len($load_ids)) over (
                    partition by {keys} order by place
                ) as next_place
            from appearances
        )

        select next_place, place, count(*) from gaps group by all""",
        {"load_ids": load_ids},
    )
    for next_place, place, rows in found.fetchall():
        gaps[next_place][place] = rows
    return gaps
