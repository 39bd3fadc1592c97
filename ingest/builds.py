"""The build database: made anew, or last run's, where only loads have come in since."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb

from dbt_models import Deployment
from dbt_models.ops import create_ops_tables, fill_ops_table
from ingest.ledger import now, read_loads
from ingest.sql import connect, create_database, identifier

_COMPLETE = """
    select list_max(build_info.load_ids)
    from ops.run_parameters
    cross join ops.build_info
    where run_parameters.rules = ? and run_parameters.known_at is null
"""
_BUILT = "select load_id, source_system, table_name, loaded_at from ops.loads"


@dataclass(frozen=True)
class Asked:
    """What a run was asked for; nothing means: whatever the data decide.

    Attributes
    ----------
    as_of_date
        The date up to which marts look.
    known_at
        Only rows known by the end of this business date count.
    """

    as_of_date: date | None = None
    known_at: date | None = None

    def known_until(self, deployment: Deployment) -> datetime | None:
        """Return the end of ``known_at`` as a moment (UTC, naive)."""
        if self.known_at is None:
            return None
        zone = ZoneInfo(deployment.params["timezone"])
        next_day = self.known_at + timedelta(days=1)
        end = datetime.combine(next_day, time.min, zone) - timedelta(microseconds=1)
        return end.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def open_build(
    deployment: Deployment,
    asked: Asked,
    fingerprint: str,
    rules: str,
    tables: Container[str],
) -> None:
    """Open the build database with the parameters of the run.

    It is last run's if that was complete and made by the same rules, and its loads are
    still there, with none but newer ones: then models that can do so make only what
    these touch. Else it is a new one.

    Parameters
    ----------
    fingerprint
        Digest of the input as the run found it.
    rules
        Digest of that part of it which is no data.
    tables
        Full names of those of the active sources.
    """
    deployment.build.mkdir(parents=True, exist_ok=True)
    built = _built_load_id(deployment, asked, rules, tables)
    if built is None:
        for path in deployment.build.glob(f"{deployment.build_database.name}*"):
            path.unlink()
        create_database(deployment.build_database)
    with connect(deployment.build_database) as connection:
        connection.begin()
        if built is None:
            create_ops_tables(connection)
        begin_change(connection)
        connection.execute("delete from ops.run_parameters")
        parameters = {
            "began_at": now(),
            "as_of_date": asked.as_of_date,
            "known_at": asked.known_until(deployment),
            "fingerprint": fingerprint,
            "rules": rules,
            "built_load_id": built,
        }
        fill_ops_table(connection, "run_parameters", [parameters])
        connection.commit()


def begin_change(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the mark off a complete build: nobody goes on from one that is half made."""
    connection.execute("delete from ops.build_info")


def begin_anew(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop all that models have made of files that no longer count as they did."""
    schemas = connection.execute(
        """select distinct schema_name from duckdb_tables()
        where schema_name <> 'ops'"""
    ).fetchall()
    for (schema,) in schemas:
        connection.execute(f"drop schema {identifier(schema)} cascade")
    connection.execute("delete from ops.catalog_tables")
    connection.execute("update ops.run_parameters set built_load_id = null")


def _built_load_id(
    deployment: Deployment, asked: Asked, rules: str, tables: Container[str]
) -> int | None:
    """Return the last load in a build that the run can go on with; None without one."""
    # What was known then is less than what is built.
    if asked.known_at is not None:
        return None
    try:
        with connect(deployment.build_database, read_only=True) as connection:
            found = connection.execute(_COMPLETE, [rules]).fetchone()
            built = set(connection.execute(_BUILT).fetchall())
    except duckdb.Error:
        return None  # not there, or not to be read: a new one takes its place
    last = found[0] if found else None
    if last is None:
        return None
    # The number of a load whose folder was deleted may be another's by now.
    landed = {
        (load.load_id, load.source, load.table, load.loaded_at)
        for load in read_loads(deployment.raw)
        if load.full_name in tables
    }
    is_grown = built <= landed and all(load[0] > last for load in landed - built)
    return last if is_grown else None
