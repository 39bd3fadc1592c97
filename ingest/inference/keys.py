"""What identifies a table's rows, and how the table is delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb

from ingest.inference.columns import ColumnGuess
from ingest.inference.delivery import by_files, moment_of
from ingest.inference.words import (
    is_number_of_something,
    noun_of_table,
    numbers_of,
    strength,
    words,
)

# More columns than these are not tried in pairs.
_CANDIDATES = 8
# What tables of things hold that do not happen.
_LASTING = {"customer", "product", "campaign"}
# Fewer things of several lines may count them alike by chance.
_FEWEST = 3


@dataclass(frozen=True)
class Identity:
    """What the rows are known by, how they come, and why that is thought."""

    key: tuple[str, ...]
    key_why: str
    delivery: str
    delivery_why: str
    happened: str | None
    known_at: str | None
    version_by: str | None


def guess_identity(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[ColumnGuess],
    file_count: int,
) -> Identity:
    """Guess key and delivery from the relation ``sample`` with ``file_number``."""
    places = {column.name: f"c{place}" for place, column in enumerate(columns)}
    rows = _one(connection, "count(*)")
    key = _key(connection, table, columns, places, rows)
    happened = _time(columns, "happened")
    changed = _time(columns, "changed")
    if happened == changed:
        changed = None
    key_why = (
        f"unique in each file and never empty in {rows:,} rows"
        if key
        else "no column that seems to number something, nor two of them, identifies a "
        "row; others were not tried"
    )
    is_event = happened is not None and noun_of_table(table) not in _LASTING
    if is_event and len(key) > 1 and not _has_line_number(connection, key, places):
        key_why += (
            f"; but may one {key[0]} have one {key[1]} twice? Only one of equal rows "
            "would count: then take the key away"
        )
    if not key:
        delivery, why = "append", "without a key, rows can only be events"
    elif file_count > 1:
        keys = [places[name] for name in key]
        moment = moment_of(columns, happened) if is_event else None
        delivery, why = by_files(connection, keys, changed, moment)
    elif is_event and changed:
        delivery, why = "upsert", f"{happened} and {changed} say that rows change later"
    elif is_event:
        delivery, why = "append", f"one file; {happened} says when each row happened"
    else:
        delivery, why = "snapshot", "one file without the time of an event"
        times = [c.name for c in columns if _may_be_time(c)]
        if times and noun_of_table(table) not in _LASTING:
            why = (
                f"one file; are its rows events, by {' or '.join(times)}? Then: append"
            )
    known_at = None
    if delivery == "append" and happened is not None and is_event:
        known_at = happened
    return Identity(
        key, key_why, delivery, why, happened, known_at,
        changed if delivery == "upsert" else None,
    )  # fmt: skip


def _one(connection: duckdb.DuckDBPyConnection, select: str) -> int:
    return connection.execute(f"select {select} from sample").fetchone()[0]


def _may_be_time(column: ColumnGuess) -> bool:
    return column.data_type in {"date", "timestamp"} and not column.personal


def _time(columns: Sequence[ColumnGuess], what: str) -> str | None:
    """Return the column that says when something happened or changed."""
    known = words()["columns"][what]
    found = [
        (strength(column.name, known), column.is_full, -place, column.name)
        for place, column in enumerate(columns)
        # When something was paid is no time of what nobody has paid yet.
        if _may_be_time(column) and (column.is_nearly_full or what == "changed")
    ]
    best = max(found, default=None)
    return best[3] if best and best[0][0] else None


def _key(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[ColumnGuess],
    places: dict[str, str],
    rows: int,
) -> tuple[str, ...]:
    """Return the fewest columns that identify a row; of several the likeliest."""
    noun = noun_of_table(table)
    own = numbers_of(noun) if noun else ()

    def likeliness(column: ColumnGuess) -> tuple[bool, bool, int]:
        return (
            strength(column.name, [*own, "id"])[0] == 3,
            is_number_of_something(column.name),
            -int(places[column.name][1:]),
        )

    def is_unique(names: Sequence[str]) -> bool:
        chosen = ", ".join(places[name] for name in names)
        return rows == _one(connection, f"count(distinct ({chosen}, file_number))")

    able = sorted(
        (
            column
            for column in columns
            if column.is_full
            and column.data_type in {"varchar", "integer", "bigint"}
            and not column.personal
        ),
        key=likeliness,
        reverse=True,
    )
    named = [column.name for column in able if likeliness(column)[1]]
    # What a table is about stands first, whatever it is called.
    first = [column.name for column in able if places[column.name] == "c0"]
    if noun != "transaction" or not named:
        named += [name for name in first if name not in named]
    # Each customer may have bought once so far, and it is still no key of orders.
    others = ("line", "customer", "product", "store", "campaign")
    is_event = noun in {"transaction", "touchpoint"}
    for name in named:
        is_other = any(strength(name, numbers_of(o))[0] == 3 for o in others)
        if not (is_event and is_other) and is_unique([name]):
            return (name,)
    for pair in combinations(named[:_CANDIDATES], 2):
        if _can_be_key(pair) and is_unique(pair):
            return tuple(sorted(pair, key=lambda name: int(places[name][1:])))
    digits = [c for c in able if _has_digits_only(connection, places[c.name])]
    for line in digits[:_CANDIDATES]:
        for whole in able[:_CANDIDATES]:
            if _counts_anew(connection, places[line.name], places[whole.name]):
                return whole.name, line.name
    return ()


def _has_digits_only(connection: duckdb.DuckDBPyConnection, place: str) -> bool:
    return bool(_one(connection, f"bool_and(regexp_full_match({place}, '[0-9]+'))"))


def _counts_anew(connection: duckdb.DuckDBPyConnection, line: str, whole: str) -> bool:
    """Return whether numbers begin anew in each thing that has lines.

    Nearly without gaps; such a pair is unique for a reason, whatever its columns are
    called, and not by chance.
    """
    return connection.execute(
        f"""with numbered as (
            select {whole} as whole, file_number, {line} as line,
                dense_rank() over (order by try_cast({line} as hugeint)) as number
            from sample
        )
        select coalesce(max(first_number) = 1 and bool_and(is_unique)
            and count(*) filter (lines > 1) >= {_FEWEST}
            and avg((last_number = lines)::integer) filter (lines > 1) > 0.5, false)
        from (
            select count(*) as lines, min(number) as first_number,
                max(number) as last_number, count(distinct line) = count(*) as is_unique
            from numbered group by whole, file_number
        )"""
    ).fetchone()[0]


def _has_line_number(
    connection: duckdb.DuckDBPyConnection, key: Sequence[str], places: dict[str, str]
) -> bool:
    """Return whether a key of two numbers the lines of something, by name or rows."""
    whole, line = (places[name] for name in key)
    return _counts_anew(connection, line, whole) or any(
        strength(name, numbers_of("line"))[0] == 3
        and _has_digits_only(connection, places[name])
        for name in key
    )


def _can_be_key(pair: Sequence[str]) -> bool:
    """Return whether a pair is unique by what it says, and not by chance.

    Customer and day of a sample may be: a false key loses rows, and none at all does
    not.
    """
    return any(
        strength(name, numbers_of(noun))[0] == 3
        for name in pair
        for noun in ("line", "transaction", "campaign")
    )
