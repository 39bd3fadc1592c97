"""How several files of a table are delivered, by the keys that they share."""

from collections.abc import Sequence

import duckdb

from ingest.inference.columns import ColumnGuess
from ingest.sql import literal

# Of the rows of a file that stand in the file before it too.
_REPEATED = 0.5


def moment_of(columns: Sequence[ColumnGuess], name: str) -> str:
    """Return the SQL of a column's times."""
    place, format_ = next(
        (n, c.format) for n, c in enumerate(columns) if c.name == name
    )
    if format_:
        return f"try_strptime(c{place}, {literal(format_)})"
    return f"try_cast(c{place} as timestamp)"


def by_files(
    connection: duckdb.DuckDBPyConnection,
    key: Sequence[str],
    changed: str | None,
    moment: str | None,
) -> tuple[str, str]:
    """Return how several files are delivered, by the keys that they share.

    Parameters
    ----------
    moment
        SQL of the time when a row happened; None: rows are no events.
    """
    on = " and ".join(f"now.{c} = before.{c}" for c in key)
    again, older, before = connection.execute(
        f"""with begins as (
            select file_number, min({moment or "null"}) as moment
            from sample group by all
        )
        select count(*) filter (is_there), count(*) filter (is_older and not is_there),
            count(*)
        from (
            select exists (
                    select 1 from sample as now
                    where {on} and now.file_number = before.file_number + 1
                ) as is_there,
                coalesce({moment or "null"} < begins.moment, false) as is_older
            from sample as before
            inner join begins on begins.file_number = before.file_number + 1
        )"""
    ).fetchone()
    share = again / before if before else 0
    if share == 0:
        return "append", "no key stands in two files"
    why = f"{share:.0%} of a file's keys stand in the next file too"
    # As a snapshot, a file of the last 30 days would delete what happened before them.
    if older * 2 > before - again:
        return "upsert", f"{why}, and what it lacks is older than all that it has"
    if share >= _REPEATED and not changed:
        return "snapshot", why
    return "upsert", why
