"""Publishing: the readers' database is swapped in one step, or not at all."""

import json
import os
import shutil
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.catalog.record import record_catalog
from dagster_project.dbt import read_manifest
from dagster_project.fingerprint import code_fingerprint, rules_fingerprint
from dagster_project.lists.contacts import remove_other_contacts, write_contacts
from dagster_project.lists.ledger import export_rows
from dagster_project.mart_status import record_mart_status
from dagster_project.published_tables import write_tables
from dbt_models import Deployment
from dbt_models.ops import fill_ops_table
from ingest.builds import begin_change
from ingest.contracts.sources import active_sources
from ingest.currencies import base_currency
from ingest.ledger import now
from ingest.sql import connect

PUBLISHED_SCHEMAS = ("core", "features", "learned", "marts", "ops")


def publication_path(deployment: Deployment, known_at: date | None) -> Path:
    """Return the file that a run publishes."""
    published = deployment.published_database
    if known_at is None:
        return published
    return published.parent / "as-known" / known_at.isoformat() / published.name


def publish(deployment: Deployment, known_at: date | None) -> Path:
    """Write the published schemas into a file, and swap a copy of it into place.

    That file stays for the next publication, which need not write all of it again; what
    is published, others may change or delete. Readers that hold the old copy keep it
    until they open the path again. Contact fields go into ``restricted/``, but for a
    run that looks back in time: no lists are made from it.
    """
    path = publication_path(deployment, known_at)
    tables = deployment.build / "publish" / path.name
    new = tables.with_name(f"{path.name}.new")
    for folder in (path.parent, tables.parent):
        folder.mkdir(parents=True, exist_ok=True)
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
    write_tables(
        tables, deployment.build_database, PUBLISHED_SCHEMAS, _keys(deployment)
    )
    new.unlink(missing_ok=True)
    shutil.copyfile(tables, new)
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


def _keys(deployment: Deployment) -> dict[str, list[str]]:
    """Return the published tables that go on from build to build, and their keys."""
    models = (
        node
        for node in read_manifest(deployment)["nodes"].values()
        if node["schema"] in PUBLISHED_SCHEMAS
        and node["config"]["materialized"] == "incremental"
    )
    return {
        f"{model['schema']}.{model['name']}": [key] if isinstance(key, str) else key
        for model in models
        for key in [model["config"]["unique_key"]]
    }


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
