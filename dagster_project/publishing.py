"""Publishing: the readers' database is swapped in one step, or not at all."""

import json
import os
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.catalog.record import record_catalog
from dagster_project.fingerprint import code_fingerprint, rules_fingerprint
from dagster_project.lists.contacts import remove_other_contacts, write_contacts
from dagster_project.lists.ledger import export_rows
from dagster_project.mart_status import record_mart_status
from dbt_models import Deployment
from dbt_models.ops import fill_ops_table
from ingest.builds import begin_change
from ingest.contracts.sources import active_sources
from ingest.currencies import base_currency
from ingest.ledger import now
from ingest.sql import connect, create_database, identifier, literal

PUBLISHED_SCHEMAS = ("core", "features", "learned", "marts", "ops")


def publication_path(deployment: Deployment, known_at: date | None) -> Path:
    """Return the file that a run publishes."""
    published = deployment.published_database
    if known_at is None:
        return published
    return published.parent / "as-known" / known_at.isoformat() / published.name


def publish(deployment: Deployment, known_at: date | None) -> Path:
    """Copy the published schemas into a new file and swap it into place.

    Readers that hold the old file keep it until they open the path again. Contact
    fields go into ``restricted/``, but for a run that looks back in time: no lists are
    made from it.
    """
    path = publication_path(deployment, known_at)
    # The same base name: views carry the catalog's name.
    new = deployment.build / "publish" / path.name
    for folder in (path.parent, new.parent):
        folder.mkdir(parents=True, exist_ok=True)
    for leftover in new.parent.iterdir():
        leftover.unlink()
    with connect(deployment.build_database) as build:
        begin_change(build)
        info = _build_info(build, deployment)
        build.execute("delete from ops.list_exports")
        fill_ops_table(build, "list_exports", export_rows(deployment))
        record_mart_status(build, deployment)
        record_catalog(build, deployment, PUBLISHED_SCHEMAS)
        if known_at is None:
            write_contacts(build, deployment, info["published_at"])
        # Whoever changed a model meanwhile does not know which of them made the build.
        build.execute(
            "update ops.run_parameters set rules = null where rules <> ?",
            [rules_fingerprint(deployment)],
        )
        # The last: with it the build is complete, and the next run may go on from it.
        fill_ops_table(build, "build_info", [info])
        build.execute("checkpoint")
    create_database(new)
    with connect(new) as connection:
        build_database = literal(deployment.build_database)
        connection.execute(f"attach {build_database} as build (read_only)")
        _copy(connection)
        connection.execute("detach build")
        connection.execute("checkpoint")
    with new.open("rb") as stream:
        os.fsync(stream.fileno())
    # A reader who opens it to write would keep all others out, and leave a log of
    # changes behind that DuckDB applies to whatever file stands here next.
    new.chmod(0o444)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    new.replace(path)
    if known_at is None:
        remove_other_contacts(deployment, info["published_at"])
    return path


def _copy(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the schemas' tables with their descriptions."""
    connection.begin()
    schemas = ", ".join(map(literal, PUBLISHED_SCHEMAS))
    found = connection.execute(
        f"""select schema_name, table_name, comment from duckdb_tables()
        where database_name = 'build' and schema_name in ({schemas})
        order by schema_name, table_name"""
    ).fetchall()
    for schema, table, comment in found:
        name = f"{identifier(schema)}.{identifier(table)}"
        connection.execute(f"create schema if not exists {identifier(schema)}")
        connection.execute(f"create table {name} as select * from build.{name}")
        if comment:
            connection.execute(f"comment on table {name} is {literal(comment)}")
    columns = connection.execute(
        f"""select schema_name, table_name, column_name, comment
        from duckdb_columns()
        where database_name = 'build' and schema_name in ({schemas})
            and comment is not null"""
    ).fetchall()
    for schema, table, column, comment in columns:
        name = ".".join(map(identifier, (schema, table, column)))
        connection.execute(f"comment on column {name} is {literal(comment)}")
    connection.commit()


def _build_info(
    build: duckdb.DuckDBPyConnection, deployment: Deployment
) -> dict[str, Any]:
    as_of_date, known_at, fingerprint = build.execute(
        """select as_of.as_of_date, run_parameters.known_at, run_parameters.fingerprint
        from conformed.int_as_of_date as as_of cross join ops.run_parameters"""
    ).fetchone()
    (load_ids,) = build.execute(
        "select coalesce(list(load_id order by load_id), []) from ops.loads"
    ).fetchone()
    return {
        "published_at": now(),
        "as_of_date": as_of_date,
        "known_at": known_at,
        "timezone": deployment.params["timezone"],
        "base_currency": base_currency(deployment, active_sources(deployment)),
        "load_ids": load_ids,
        "parameters": json.dumps(dict(deployment.params)),
        "code_version": f"{version('crm-warehouse')}+{code_fingerprint()[:12]}",
        "fingerprint": fingerprint,
    }
