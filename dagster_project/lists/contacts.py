"""``data/restricted/contacts/``: the contact fields that belong to the publication.

The file is named by the publication's moment. The new one stands there before the
publication is swapped, and the old one goes after it: whenever a run is killed, what
is published has its contacts.
"""

import os
from datetime import datetime
from pathlib import Path

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.sql import files, literal

_TABLE = "restricted.customer_contacts"


def contacts_path(deployment: Deployment, published_at: datetime) -> Path:
    """Return the file of the publication of that moment (UTC)."""
    return _folder(deployment) / f"{published_at:%Y%m%dT%H%M%S%f}.parquet"


def write_contacts(
    build: duckdb.DuckDBPyConnection, deployment: Deployment, published_at: datetime
) -> None:
    """Copy the build's contact fields to where only this user may read them."""
    path = contacts_path(deployment, published_at)
    deployment.restricted.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o700)
    aside = path.with_suffix(".part")
    build.execute(f"copy {_TABLE} to {literal(aside)} (format parquet)")
    aside.chmod(0o600)
    with aside.open("rb") as stream:
        os.fsync(stream.fileno())
    aside.replace(path)


def remove_other_contacts(deployment: Deployment, published_at: datetime) -> None:
    """Remove what earlier publications, and runs that were killed, have left."""
    current = contacts_path(deployment, published_at)
    for path in current.parent.iterdir():
        if path != current:
            path.unlink()


def are_missing(deployment: Deployment, published_at: datetime) -> bool:
    """Say whether the publication's contacts are gone; who may not look, cannot say."""
    try:
        contacts_path(deployment, published_at).stat()
    except FileNotFoundError:
        return True
    except PermissionError:
        return False
    return False


def show_contacts(
    published: duckdb.DuckDBPyConnection, deployment: Deployment, published_at: datetime
) -> None:
    """Make the contact fields visible to this connection, as ``customer_contacts``.

    Raises
    ------
    WarehouseError
        If they are not there, may not be read by this user, or cannot be read at all.
    """
    path = contacts_path(deployment, published_at)
    try:
        path.open("rb").close()
    except FileNotFoundError as error:
        raise WarehouseError(
            f"{path}, the contact fields that belong to this publication, is not "
            "there. `crm run` publishes both anew; if a run has just ended, try again."
        ) from error
    except PermissionError as error:
        raise WarehouseError(
            f"{path} holds personal data and may be read only by the user who runs the "
            "warehouse. Ask them for the list."
        ) from error
    try:
        published.execute(
            f"create temp view customer_contacts as from read_parquet({files([path])})"
        )
        published.execute("select max(columns(*)) from customer_contacts").fetchall()
    except duckdb.Error as error:
        raise WarehouseError(
            f"{path} cannot be read ({str(error).splitlines()[0]}). Delete it; then "
            "`crm run` publishes it anew."
        ) from error


def _folder(deployment: Deployment) -> Path:
    return deployment.restricted / "contacts"
