"""What is worth knowing of a publication and its exports: a sentence for each thing."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click
import duckdb

from dagster_project.published_notes import held_back, personal_values
from dagster_project.shared_keys import overruled_rows
from dagster_project.sources.marks import open_marks
from dbt_models import SOURCES_DIR, Deployment
from ingest.contracts.sources import active_sources
from ingest.exports import unmatched_files
from ingest.ledger import Load, open_rejects, read_loads
from ingest.misread import landed_inside, misread

_STRAYS_SHOWN = 5
_LAST_DATES = """
    select source_system, max(transaction_date)
    from core.fct_transactions group by all
"""
_REFUSED = """
    select source_system || '.' || table_name || ': ' || reason
    from ops.refused_deliveries order by all
"""
_CUT_OFF = """
    select
        source_system || '.' || table_name || ': load ' || load_id || ' lacks '
        || rows_missing || ' of the ' || rows_before || ' rows before it, more than '
        || 'max_deletions in its contract, so that none of them was deleted. Have the '
        || 'whole table delivered again; or, if they are gone indeed, write '
        || 'accepted_snapshots: [' || load_id || '] into settings.yml.'
    from (
        select loads.*
        from ops.loads
        inner join ops.load_files
            on loads.load_id = load_files.load_id and not load_files.is_repeated
        qualify
            row_number() over (
                partition by loads.source_system, loads.table_name
                order by load_files.delivered_at desc, loads.load_id desc
            ) = 1
    )
    where not is_whole and rows_rejected = 0
    order by all
"""
_BEATEN = """
    select 'model ' || model_name || ': ' || verdict
    from marts.model_grades where not beats_baseline order by model_name
"""
_INCOMPLETE = """
    with

    incomplete as (
        select
            'marts.' || table_name || ' (' || status || ')' as mart,
            unnest(string_split(lacks, '; ')) as lack
        from ops.mart_status where status <> 'complete'
    )

    select lack || ': lacking in ' || string_agg(mart, ', ' order by mart) || '.'
    from incomplete group by lack order by lack
"""
_EMPTY = """
    select
        'marts.' || table_name || ' is empty, though there is something of all that '
        || 'it needs (' || array_to_string(needs, ', ') || '): none of it is a row '
        || 'by what `crm explain ' || table_name || '` says.'
    from ops.mart_status where status = 'empty' and lacks is null order by table_name
"""
_DOUBTS = """
    select
        table_name || ': ' || description || ': not met, ' || observed
        || '. It stopped nothing; `crm quality` has it.'
    from ops.quality_results where not is_met order by all
"""
# The last day's lines are left out: exports of a day are delivered on the next one.
_LATE_LINES = """
    with

    latest as (
        select as_of_date from ops.build_info
    ),

    late_lines as (
        select source_system, count(*) as lines
        from core.fct_transactions
        where
            transaction_date < (select as_of_date from latest)
            and known_date > (select as_of_date from latest)
        group by all
    )

    select * from late_lines cross join latest order by source_system
"""


def worth_knowing(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> list[str]:
    """Return what need not be wrong: lacking marts, doubts, lines that came late."""
    return [
        *_sentences(published, _INCOMPLETE),
        *_sentences(published, _EMPTY),
        *_sentences(published, _DOUBTS),
        *overruled_rows(published, deployment),
        *personal_values(published, deployment),
        *held_back(published, deployment),
        *_late_lines(published),
        *_open_guesses(deployment),
        *landed_otherwise(deployment),
    ]


def refused_deliveries(published: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence per table that the last run could not wholly refresh."""
    return [*_sentences(published, _REFUSED), *_sentences(published, _CUT_OFF)]


def beaten_models(published: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence per model that something naive is better than."""
    return _sentences(published, _BEATEN)


def staleness(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> list[str]:
    """Return a sentence per source whose data end longer ago than its contract says."""
    ends = dict(published.execute(_LAST_DATES).fetchall())
    today = datetime.now(ZoneInfo(deployment.params["timezone"])).date()
    return [
        f"{table.full_name}: data end on {ends[source.name]}, {age:,} days ago; its "
        f"contract promises {table.freshness_days} days."
        for source in active_sources(deployment)
        if source.name in ends
        for age in [(today - ends[source.name]).days]
        for table in source.tables
        if table.freshness_days is not None and age > table.freshness_days
    ]


def landed_otherwise(deployment: Deployment) -> Iterator[str]:
    """Yield a sentence per column that an earlier contract may have landed wrongly."""
    for source in active_sources(deployment):
        for table in source.tables:
            loads = read_loads(deployment.raw, table.full_name)
            way_out = (
                "delete the folders of these loads in "
                f"{deployment.raw / source.name / table.name} while their files are "
                "below exports/, and the next run lands them as the contract is now."
            )
            for found in misread(table, loads):
                yield (
                    f"{table.full_name}, column {found.column_name}: up to load "
                    f"{found.load_id}, the contract said otherwise how its values are "
                    f"written. A text such as {found.text} was {found.then} then, and "
                    f"is {found.now} now. If that was wrong, {way_out}"
                )
            for found in landed_inside(table, loads):
                yield (
                    f"{table.full_name}, column {found.column_name}: up to load "
                    f"{found.load_id}, the contract did not name it, and what there is "
                    f"of it was landed in {found.landed_in}, as JSON; the column is "
                    f"empty there. To have it filled, {way_out}"
                )


def print_notes(notes: list[str]) -> None:
    """Print what is worth knowing and need not be wrong."""
    for note in notes:
        click.secho("\nNote: ", fg="yellow", nl=False)
        click.echo(note)


def gaps(deployment: Deployment) -> Iterator[str]:
    """Yield a sentence for all that the exports promise and the raw tables lack."""
    loads = read_loads(deployment.raw)
    loaded = {load.full_name for load in loads}
    tables = {}
    for source in active_sources(deployment):
        for table in source.tables:
            tables[table.full_name] = table
            if table.full_name in loaded:
                continue
            if table.connection is not None:
                yield (
                    f"{table.full_name} is empty: nothing has come from "
                    f"{table.origin} yet."
                )
            elif any(deployment.exports.glob(table.export)):
                yield f"{table.full_name} is not landed yet: `crm run` does it."
            elif not table.optional:
                yield (
                    f"{table.full_name} is empty: no file has matched "
                    f"exports/{table.export} yet."
                )
    for name in sorted(loaded):
        table = tables.get(name)
        mine = [load for load in loads if load.full_name == name]
        for _, file in open_rejects(mine, table.timezone if table else "UTC"):
            place = table.place(file.path) if table else f"exports/{file.path}"
            yield (
                f"{name}: {file.rows_rejected:,} of {file.rows_read:,} rows in "
                f"{place} break the contract and are not in: `crm rejects`."
            )
    for load in loads:
        table = tables.get(load.full_name)
        known = {name.lower() for name in table.names} if table else set()
        # It may have been told of them since.
        if unknown := [n for n in load.unknown_columns if n.lower() not in known]:
            yield (
                f"{load.full_name}, load {load.load_id}: its contract does not have "
                f"the columns {', '.join(unknown)}."
            )
    yield from _arrivals(deployment, loads)
    strays = unmatched_files(deployment)
    for name in strays[:_STRAYS_SHOWN]:
        yield f"exports/{name} matches no table of any contract and is ignored."
    if len(strays) > _STRAYS_SHOWN:
        yield f"so are {len(strays) - _STRAYS_SHOWN:,} more files below exports/."


def _arrivals(deployment: Deployment, loads: list[Load]) -> Iterator[str]:
    """Yield a sentence per table of changes where nothing says which is newer."""
    undated = {
        load.full_name
        for load in loads
        if any(file.delivered_on is None for file in load.files)
    }
    for source in active_sources(deployment):
        for table in source.tables:
            if (
                table.delivery == "upsert"
                and table.version_by is None
                and table.full_name in undated
            ):
                yield (
                    f"{table.full_name}: of changes to one key the one that arrived "
                    "last holds, since neither a column (version_by in the contract) "
                    "nor a date in the files' names says which is newer."
                )


def _late_lines(published: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for source, lines, as_of_date in published.execute(_LATE_LINES).fetchall():
        yield (
            f"{source}: {lines:,} of the transaction lines before {as_of_date} became "
            "known after it. KPIs and RFM count them; features, and what is learnt "
            "from them, will from their next date on. If a column says when a row "
            "became known, name it as `known_at` in the contract; or put the date of "
            "delivery into the files' names."
        )


def _open_guesses(deployment: Deployment) -> Iterator[str]:
    for source in active_sources(deployment):
        if marks := open_marks(SOURCES_DIR / source.name):
            yield (
                f"{source.name}: {len(marks):,} guesses of `crm sources add` are open: "
                f"`crm sources check {source.name}`."
            )


def _sentences(published: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [sentence for (sentence,) in published.execute(query).fetchall()]
