"""`ops.mart_status`: what each mart has, and what it lacks and why."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from dagster_project.dbt import read_manifest
from dbt_models import Deployment
from dbt_models.ops import fill_ops_table
from ingest.contracts.sources import active_sources
from ingest.sql import identifier

# By which day of an entity's rows a mart looks no later than as_of_date. That of a line
# is written down in the fact, and long to compute for all of them.
_DAYS = {
    "campaigns": ("conformed.int_campaigns", "start_date"),
    "touchpoints": ("conformed.int_touchpoints", "touchpoint_date"),
    "transactions": ("core.fct_transactions", "transaction_date"),
}


def record_mart_status(
    build: duckdb.DuckDBPyConnection, deployment: Deployment
) -> None:
    """Write down which entities each mart needs and which sources lack them."""
    marts = [
        node
        for node in read_manifest(deployment)["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    sources = [source.name for source in active_sources(deployment)]
    needed = {entity for mart in marts for entity in _needs(mart)}
    lacks = {entity: list(_lacks(build, entity, sources)) for entity in needed}
    build.begin()
    build.execute("delete from ops.mart_status")
    for mart in marts:
        for model in _models(mart):
            lacks[model] = list(_untrained(build, model))
    rows = (_status(build, mart, lacks) for mart in marts)
    fill_ops_table(build, "mart_status", rows)
    build.commit()


def _needs(mart: Mapping[str, Any]) -> list[str]:
    return mart["config"]["meta"]["needs"]


def _models(mart: Mapping[str, Any]) -> list[str]:
    return mart["config"]["meta"].get("learned_from", [])


def _untrained(build: duckdb.DuckDBPyConnection, model: str) -> Iterator[str]:
    (reason,) = build.execute(
        f"select untrained_reason from learned.{identifier(f'{model}_model')}"
    ).fetchone()
    if reason is not None:
        yield f"no model {model}: {reason.rstrip('.')}"


def _status(
    build: duckdb.DuckDBPyConnection,
    mart: Mapping[str, Any],
    lacks_of: Mapping[str, list[str]],
) -> dict[str, Any]:
    (row_count,) = build.execute(
        f"select count(*) from marts.{identifier(mart['name'])}"
    ).fetchone()
    wanted = [*_needs(mart), *_models(mart)]
    lacks = [lack for each in wanted for lack in lacks_of[each]]
    filled = "partial" if lacks else "complete"
    return {
        "table_name": mart["name"],
        "status": filled if row_count else "empty",
        "row_count": row_count,
        "needs": _needs(mart),
        "lacks": "; ".join(lacks) or None,
    }


def _lacks(
    build: duckdb.DuckDBPyConnection, entity: str, sources: list[str]
) -> Iterator[str]:
    rows = build.execute(
        f"select distinct source_system from conformed.int_{entity}"
    ).fetchall()
    without = [source for source in sources if (source,) not in rows]
    if len(without) == len(sources):
        yield f"no source has {entity}"
    elif without:
        yield f"no {entity} from {', '.join(without)}"
    if entity in _DAYS:
        yield from _too_late(build, entity, *_DAYS[entity])


def _too_late(
    build: duckdb.DuckDBPyConnection, entity: str, relation: str, day: str
) -> Iterator[str]:
    # as_of_date is where the first of all sources ends; another may begin later.
    rows = build.execute(
        f"""select source_system, first_day, as_of_date
        from (
            select source_system, min({day}) as first_day, count(*) as all_rows,
                count({day}) as rows_with_day
            from {relation} group by all
        )
        cross join conformed.int_as_of_date
        where rows_with_day = all_rows and first_day > as_of_date
        order by all"""
    ).fetchall()
    for source, first, as_of_date in rows:
        yield f"{entity} of {source} begin on {first}, after as_of_date {as_of_date}"
