"""`crm lists show`: which lists there are, and which were taken away."""

import click

from dagster_project.lists.ledger import export_rows
from dagster_project.lists.publication import open_publication
from dagster_project.tables import print_table
from dbt_models import Deployment
from dbt_models.ops import create_ops_tables, fill_ops_table
from ingest.sql import connect

_SEGMENTS = """
    select
        kind, segment, customers,
        case
            when unknown = customers then 'not known'
            when unknown > 0
                then format('{:,} and {:,} not known', allowed, unknown)
            else format('{:,}', allowed)
        end as may_be_contacted
    from list_segments order by kind_position, segment
"""
_EXPORTS = """
    select
        date_trunc('second', exported_at) as exported_utc,
        exported_by, file_name, customer_count as customers, left_out_count as left_out
    from ops.list_exports order by exported_at desc
"""


def print_segments(deployment: Deployment) -> None:
    """Print which lists there are, and how many of each may be contacted."""
    with open_publication(deployment) as (connection, publication):
        print_table(connection.execute(_SEGMENTS))
    click.echo(
        f"\nAs of {publication.as_of_date}. `crm lists export SEGMENT` makes a file."
    )


def print_exports(deployment: Deployment) -> None:
    """Print what was exported, the newest first, also since the publication."""
    with connect() as connection:
        create_ops_tables(connection)
        fill_ops_table(connection, "list_exports", export_rows(deployment))
        if not print_table(connection.execute(_EXPORTS)):
            click.echo("  Nothing has been exported yet.")
