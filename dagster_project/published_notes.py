"""What a publication shows of its sources: which one others wait for, and of whom."""

import duckdb

from dbt_models import Deployment
from ingest.contracts.sources import active_sources

# Days that others may go on beyond the source whose data end first. What is delivered
# once a month lags so far behind just before its next delivery, and is not late.
_ORDINARY_LAG = 31
# A date after the load is a mistake: int_as_of_date passes over it, too.
_HELD_BACK = """
    with

    last_loads as (
        select
            source_system,
            max(timezone($zone, timezone('UTC', loaded_at))::date) as last_load_date
        from ops.loads where control_amount is not null group by all
    ),

    ends as (
        select
            source_system,
            least(max(transaction_date), any_value(last_load_date) - 1) as end_date,
            end_date <= any_value(as_of_date) as holds_back,
            count(*) filter (transaction_date > as_of_date) as lines_left_out
        from core.fct_transactions
        inner join last_loads using (source_system)
        cross join ops.build_info
        where
            transaction_date <= last_load_date
            and (select as_of_date is null from ops.run_parameters)
        group by all
    )

    select
        list(source_system order by source_system) filter (holds_back) as holding,
        max(end_date) filter (holds_back) as as_of_date,
        string_agg(source_system || ' until ' || end_date, ', ' order by source_system)
            filter (not holds_back) as others,
        sum(lines_left_out) as lines_left_out
    from ends
    having max(end_date) > min(end_date) + $lag
"""
# Published columns that are personal columns of raw tables under whatever name. What is
# computed of one (a hash, a count) is no longer its value.
_PERSONAL = """
    with recursive

    taken_over as (
        select column_name as origin, column_name as name
        from (select unnest($personal::varchar[]) as column_name)
        union
        select taken_over.origin, schema_name || '.' || table_name || '.' || column_name
        from ops.catalog_columns
        inner join taken_over on list_contains(made_from, name)
        where len(expressions) = 0
    )

    select
        string_agg(name, ', ' order by name) || ': readers of the publication see '
        || origin || ' there as it is, which is personal by its contract. Take another '
        || 'column (as an id: one that tells nothing of the person), or hash it in the '
        || 'staging models.'
    from taken_over
    inner join ops.catalog_tables
        on starts_with(name, schema_name || '.' || table_name || '.') and is_published
    group by origin order by origin
"""


def held_back(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> list[str]:
    """Return a sentence if all wait for sources whose data ended long before."""
    facts = {"zone": deployment.params["timezone"], "lag": _ORDINARY_LAG}
    return [
        f"nothing after {as_of_date} is in the marts, for there the data of "
        f"{' and '.join(holding)} end. Others go on: {others}; {lines:,} of their "
        "transaction lines are left out. Have the missing exports delivered; or, if "
        "nothing more will come, leave out the source with all that it sold: `sources: "
        f"{{{', '.join(f'{name}: false' for name in holding)}}}` in settings.yml."
        for holding, as_of_date, others, lines in published.execute(
            _HELD_BACK, facts
        ).fetchall()
    ]


def personal_values(
    published: duckdb.DuckDBPyConnection, deployment: Deployment
) -> list[str]:
    """Return a sentence per personal column that readers of the publication see."""
    # Demographics are what core describes customers by.
    personal = [
        f"{table.raw_schema}.{table.name}.{column.name}"
        for source in active_sources(deployment)
        for table in source.tables
        for column in table.columns
        if column.personal in {"contact", "identity"}
    ]
    found = published.execute(_PERSONAL, {"personal": personal}).fetchall()
    return [sentence for (sentence,) in found]
