"""What `crm run` prints when it is done: loads, KPIs, segments, where to query."""

from pathlib import Path

import click
import duckdb

from dagster_project.notes import (
    gaps,
    print_notes,
    refused_deliveries,
    staleness,
    worth_knowing,
)
from dagster_project.runs import Outcome
from dagster_project.tables import print_table
from dbt_models import Deployment
from ingest.sql import connect

_LOADS = """
    select
        source_system || '.' || table_name as "table",
        count(*) as files,
        sum(load_files.rows_read) as rows_read,
        sum(load_files.rows_loaded) as rows_loaded,
        sum(load_files.rows_rejected) as rows_rejected
    from ops.loads
    inner join ops.load_files using (load_id)
    where not load_files.is_repeated
    group by all order by all
"""
_KPIS = """
    with

    months as (
        select distinct period_start_date, is_partial_period
        from marts.kpi_monthly order by period_start_date desc limit 3
    )

    pivot (
        select
            kpi || ' (' || unit || ')' as kpi,
            strftime(period_start_date, '%Y-%m')
            || case when is_partial_period then ' (partial)' else '' end as month,
            case unit
                when 'base currency' then format('{:,.2f}', kpi_value::double)
                else format('{:,}', kpi_value::bigint)
            end as kpi_value
        from marts.kpi_monthly
        inner join months using (period_start_date, is_partial_period)
    )
    on month using any_value(kpi_value) order by kpi
"""
_SEGMENTS = """
    select
        rfm_segment,
        count(*) as customers,
        sum(net_amount)::decimal(38, 2) as net_amount,
        round(100 * sum(net_amount) / sum(sum(net_amount)) over (), 1) as share_percent
    from marts.customer_rfm group by all order by net_amount desc
"""


def print_summary(deployment: Deployment, outcome: Outcome) -> None:
    """Print it from the published file, as any reader sees it."""
    with connect(outcome.published, read_only=True) as connection:
        as_of_date, currency, money_steps = connection.execute(
            """select as_of_date, base_currency,
                (select count(*) from ops.reconciliation)
            from ops.build_info"""
        ).fetchone()
        _section("Loaded", connection.execute(_LOADS))
        models = connection.execute(
            "select count(*) from duckdb_tables() where schema_name <> 'ops'"
        ).fetchone()[0]
        click.secho("\nBuilt and tested", bold=True)
        click.echo(
            f"  {models} tables; {outcome.tests} tests passed; money agrees to the "
            f"cent in {money_steps} steps from export to mart"
        )
        _section(
            f"KPIs (months up to {as_of_date}, {currency})", connection.execute(_KPIS)
        )
        _section(f"RFM segments ({as_of_date})", connection.execute(_SEGMENTS))
        notes = [
            *worth_knowing(connection, deployment),
            *staleness(connection, deployment),
            *gaps(deployment),
        ]
    click.secho("\nTime", bold=True)
    for stage, seconds in outcome.seconds.items():
        click.echo(f"  {stage:40} {seconds:6.1f} s")
    print_notes(notes)
    click.secho("\nQuery it", bold=True)
    click.echo(f"  {outcome.published} (read-only, swapped whole by each run)")
    sql = f"crm sql --known-at {outcome.known_at}" if outcome.known_at else "crm sql"
    click.echo(f'  {sql} "select * from marts.customer_rfm limit 5"    or just: {sql}')
    click.echo("  crm status")


def print_refused(published: Path) -> bool:
    """Print which tables could not be refreshed, and return whether there are some."""
    with connect(published, read_only=True) as connection:
        sentences = refused_deliveries(connection)
    for sentence in sentences:
        click.secho("\nNot refreshed: ", fg="red", nl=False, err=True)
        click.echo(sentence, err=True)
    return bool(sentences)


def _section(title: str, rows: duckdb.DuckDBPyConnection) -> None:
    click.secho(f"\n{title}", bold=True)
    print_table(rows)
