"""Who is on a list: the people of a segment who may be contacted, or may be asked."""

import csv
import os
from pathlib import Path
from typing import NamedTuple

import duckdb

from dagster_project.lists.cells import cell, safe_text
from dagster_project.lists.segments import TABLE, Segment
from ingest.sql import identifier

_BATCH = 10_000
_NOT_CONTACT_FIELDS = {"customer_key", "customer_id", "may_be_contacted"}


class Counts(NamedTuple):
    """How many customers of a segment are on its list.

    Attributes
    ----------
    on_list, left_out
        Those who may not be contacted are left out; together they are the segment.
    unknown
        Those on it of whom nobody knows whether they may be contacted.
    """

    on_list: int
    left_out: int
    unknown: int


def count_people(connection: duckdb.DuckDBPyConnection, segment: Segment) -> Counts:
    """Count them."""
    counts = connection.execute(
        f"""select
            count(*) filter (where contacts.may_be_contacted is distinct from false),
            count(*) filter (where not contacts.may_be_contacted),
            count(*) filter (where contacts.may_be_contacted is null)
        {_people(segment)}""",
        [segment.name],
    ).fetchone()
    return Counts(*counts)


def write_people(
    connection: duckdb.DuckDBPyConnection, segment: Segment, path: Path
) -> None:
    """Write the list: BOM, commas and CRLF, as spreadsheets expect them."""
    people = f"""{_people(segment)}
        and contacts.may_be_contacted is distinct from false"""
    columns = [
        "customers.customer_id",
        f"customers.{identifier(segment.column)}",
        *_other_columns(connection, segment),
        *_contact_columns(connection, segment, people),
    ]
    rows = connection.execute(
        f"select {', '.join(columns)} {people} order by customers.customer_id",
        [segment.name],
    )
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([safe_text(column[0]) for column in rows.description])
        while batch := rows.fetchmany(_BATCH):
            writer.writerows([cell(value) for value in row] for row in batch)
        stream.flush()
        os.fsync(stream.fileno())


def _other_columns(
    connection: duckdb.DuckDBPyConnection, segment: Segment
) -> list[str]:
    """Return what else is known of the customers, but for keys."""
    return [
        f"customers.{identifier(name)}"
        for name in _columns(connection, f"marts.{TABLE}")
        if name not in {"customer_id", segment.column} and not name.endswith("_key")
    ]


def _contact_columns(
    connection: duckdb.DuckDBPyConnection, segment: Segment, people: str
) -> list[str]:
    """Return the contact fields that somebody on the list has."""
    fields = [
        f"contacts.{identifier(name)}"
        for name in _columns(connection, "customer_contacts")
        if name not in _NOT_CONTACT_FIELDS
    ]
    filled = connection.execute(
        f"select {', '.join(f'count({field})' for field in fields)} {people}",
        [segment.name],
    ).fetchone()
    return [
        field for field, filled_for in zip(fields, filled, strict=True) if filled_for
    ]


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"describe {table}").fetchall()]


def _people(segment: Segment) -> str:
    return f"""from marts.{TABLE} as customers
        inner join customer_contacts as contacts using (customer_key)
        where customers.{identifier(segment.column)}::varchar = ?"""
