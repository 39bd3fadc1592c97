"""The publication that lists are made from, with its contact fields and segments."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import NamedTuple

import duckdb

from dagster_project.lists.contacts import show_contacts
from dagster_project.lists.segments import show_segments
from dagster_project.prompt import open_published
from dbt_models import Deployment


class Publication(NamedTuple):
    """Which one it is, as ``ops.build_info`` says."""

    as_of_date: date
    published_at: datetime
    fingerprint: str


@contextmanager
def open_publication(
    deployment: Deployment,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Publication]]:
    """Open it with ``customer_contacts`` and ``list_segments`` visible.

    Raises
    ------
    WarehouseError
        If nothing is published, or without what lists need.
    """
    with open_published(deployment) as connection:
        publication = Publication(
            *connection.execute(
                "select as_of_date, published_at, fingerprint from ops.build_info"
            ).fetchone()
        )
        show_contacts(connection, deployment, publication.published_at)
        show_segments(connection)
        yield connection, publication
