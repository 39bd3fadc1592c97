"""`ops.mart_status`: what each mart has, and what it lacks and why."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from dagster_project.dbt import target_path
from dbt_models import Deployment
from dbt_models.ops import fill_ops_table
from ingest.contract_files import active_sources
from ingest.sql import identifier


def record_mart_status(
    build: duckdb.DuckDBPyConnection, deployment: Deployment
) -> None:
    """Write down which entities each mart needs and which sources lack them."""
    manifest = json.loads((target_path(deployment) / "manifest.json").read_text())
    marts = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    sources = [source.name for source in active_sources(deployment)]
    supplied = {
        entity: _suppliers(build, entity)
        for entity in {entity for mart in marts for entity in _needs(mart)}
    }
    build.begin()
    build.execute("delete from ops.mart_status")
    rows = (_status(build, mart, sources, supplied) for mart in marts)
    fill_ops_table(build, "mart_status", rows)
    build.commit()


def _needs(mart: Mapping[str, Any]) -> list[str]:
    return mart["config"]["meta"]["needs"]


def _suppliers(build: duckdb.DuckDBPyConnection, entity: str) -> set[str]:
    rows = build.execute(
        f"select distinct source_system from conformed.int_{entity}"
    ).fetchall()
    return {source for (source,) in rows}


def _status(
    build: duckdb.DuckDBPyConnection,
    mart: Mapping[str, Any],
    sources: list[str],
    supplied: Mapping[str, set[str]],
) -> dict[str, Any]:
    (row_count,) = build.execute(
        f"select count(*) from marts.{identifier(mart['name'])}"
    ).fetchone()
    lacks = list(_lacks(_needs(mart), sources, supplied))
    filled = "partial" if lacks else "complete"
    return {
        "table_name": mart["name"],
        "status": filled if row_count else "empty",
        "row_count": row_count,
        "needs": _needs(mart),
        "lacks": "; ".join(lacks) or None,
    }


def _lacks(
    needs: list[str], sources: list[str], supplied: Mapping[str, set[str]]
) -> Iterator[str]:
    for entity in needs:
        without = [source for source in sources if source not in supplied[entity]]
        if len(without) == len(sources):
            yield f"no source has {entity}"
        elif without:
            yield f"no {entity} from {', '.join(without)}"
