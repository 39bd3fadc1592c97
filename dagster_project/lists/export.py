"""`crm lists export`: a segment as a CSV file, named, recorded and put in its place."""

import hashlib
import os
import pwd
from itertools import count
from pathlib import Path

import click

from dagster_project.lists.ledger import ListExport, take_away, waiting_list
from dagster_project.lists.people import Counts, count_people, write_people
from dagster_project.lists.publication import open_publication
from dagster_project.lists.segments import Segment, find_segment, read_segments, slug
from dbt_models import Deployment, WarehouseError
from ingest.ledger import now


def export_list(deployment: Deployment, typed: str) -> None:
    """Write the segment that somebody means as a file, record it, and say so.

    Raises
    ------
    WarehouseError
        If there is no such segment, or nobody in it may be contacted.
    """
    with open_publication(deployment) as (connection, publication):
        segment = find_segment(read_segments(connection), typed)
        counts = count_people(connection, segment)
        if not counts.on_list:
            raise WarehouseError(
                f"none of the {counts.left_out:,} customers in '{segment.name}' may be "
                "contacted: no list was written."
            )
        exported_at = now()
        with waiting_list(deployment, exported_at) as waiting:
            write_people(connection, segment, waiting)
            content_hash = _hash(waiting)
            stem = f"{publication.as_of_date}_{slug(segment.kind)}_{segment.slug}"
            export = ListExport(
                exported_at=exported_at,
                exported_by=_user(),
                list_kind=segment.kind,
                segment=segment.name,
                file_name=_file_name(
                    deployment.lists,
                    f"{stem}_unfiltered" if counts.unknown else stem,
                    content_hash,
                ),
                content_hash=content_hash,
                customer_count=counts.on_list,
                left_out_count=counts.left_out,
                is_unfiltered=counts.unknown > 0,
                **publication._asdict(),
            )
            path = take_away(deployment, waiting, export)
    _say(path, segment, counts)


def _say(path: Path, segment: Segment, counts: Counts) -> None:
    click.echo(path)
    click.echo(
        f"  {segment.kind}: {segment.name}; {counts.on_list:,} customers, "
        f"{counts.left_out:,} left out because they may not be contacted"
    )
    if counts.unknown:
        click.secho("Warning: ", fg="yellow", nl=False)
        click.echo(
            f"nobody knows whether {counts.unknown:,} of them may be contacted: their "
            "source does not say. Find out before you contact them."
        )


def _file_name(folder: Path, stem: str, content_hash: str) -> str:
    """Return a name that no other content has: a list that is there stays."""
    names = (f"{stem}_{n}.csv" if n > 1 else f"{stem}.csv" for n in count(1))
    return next(
        name
        for name in names
        if not (folder / name).exists() or _hash(folder / name) == content_hash
    )


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _user() -> str:
    """Return who does it, by the system's account: USER can be set to anything."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # in a container, users may have no names
        return str(number)
