"""What a failed build of dbt's says: sentences instead of errors of the engine."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import duckdb

from dagster_project.catalog.lineage import KnownTables, Trace
from dagster_project.catalog.record import tables_of
from dagster_project.dbt import read_manifest, results_path
from dagster_project.empty_values import landing_again, loads_with_empty
from dagster_project.shared_keys import conflicting_rows
from dbt_models import PROJECT_DIR, Deployment
from ingest.contracts.sources import active_sources
from ingest.sql import connect, identifier

_ROWS_SHOWN = 3


def build_failures(deployment: Deployment) -> list[str]:
    """Return a sentence for each dbt model or test that failed in the last build."""
    path = results_path(deployment) / "run_results.json"
    if not path.exists():
        return ["dbt ended and did not say what it did; the whole log says why."]
    results = json.loads(path.read_text())["results"]
    manifest = read_manifest(deployment)
    problems = []
    with connect(deployment.build_database, read_only=True) as build:
        for result in results:
            if result["status"] not in {"error", "fail"}:
                continue
            node = manifest["nodes"][result["unique_id"]]
            problem = f"{node['resource_type']} {node['name']}: {result['message']}"
            if result["status"] == "fail":
                rows = build.execute(result["compiled_code"])
                problem = f"{problem.strip()}:{_listed(rows)}"
            elif "NOT NULL constraint failed" in result["message"]:
                compiled = {
                    each["unique_id"]: each.get("compiled_code") for each in results
                }
                said = list(_empty_columns(build, deployment, manifest, compiled, node))
                problem = "\n- ".join(said) or problem
            advice = node["config"].get("meta", {}).get("advice", "")
            if node["name"] == "money_is_conserved":
                advice = "\n  ".join(conflicting_rows(build, deployment)) or advice
            problems.append(f"{problem.strip()}\n  {advice}".rstrip())
    return problems


def _listed(rows: duckdb.DuckDBPyConnection) -> str:
    """Return the first rows that a test found, a line each."""
    names = [column[0] for column in rows.description]
    lines = (
        ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))
        for row in rows.fetchmany(_ROWS_SHOWN)
    )
    return "".join(f"\n    {line}" for line in lines)


def _empty_columns(
    build: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    manifest: Mapping[str, Any],
    compiled: Mapping[str, str | None],
    node: Mapping[str, Any],
) -> Iterator[str]:
    """Yield a sentence per column that a source leaves empty and a model may not.

    None, if no source does: then values went missing on their way to the model.
    """
    nodes = manifest["nodes"]
    tables = tables_of(build)
    queries = {_name(nodes[id_]): sql for id_, sql in compiled.items() if sql}
    required = [
        name
        for name, column in node["columns"].items()
        if any(rule["type"] == "not_null" for rule in column["constraints"])
    ]
    for id_ in sorted(_handed_on(nodes, node)):
        model = nodes[id_]
        relation = _name(model)
        for name in (name for name in required if name in tables[relation]):
            (count,) = build.execute(
                f"select count(*) from {relation} where {identifier(name)} is null"
            ).fetchone()
            if not count:
                continue
            origins = _origins(f"{relation}.{name}", queries, KnownTables(tables))
            ways_out = [
                *_mended_contracts(build, deployment, origins),
                f"leave them out in {PROJECT_DIR.name}/{model['original_file_path']}",
            ]
            yield (
                f"model {node['name']}: every row must have {name}, but {count:,} of "
                f"source {model['fqn'][2]} (in {model['name']}) have none. If they are "
                f"no data, such as a total below them, {'; or '.join(ways_out)}."
            )


def _mended_contracts(
    build: duckdb.DuckDBPyConnection, deployment: Deployment, origins: Iterable[str]
) -> Iterator[str]:
    """Yield where raw columns are empty, and how their contracts keep such rows out."""
    contracts = {
        f"{table.raw_schema}.{table.name}": table
        for source in active_sources(deployment)
        for table in source.tables
    }
    for origin in sorted(set(origins)):
        name, _, column = origin.rpartition(".")
        table = contracts.get(name)
        if table is None:
            continue
        if loads := loads_with_empty(build, deployment, table, [column]):
            yield (
                f"write config: {{meta: {{required: true}}}} in the contract at "
                f"{column} of {table.full_name}, which is empty in {loads[0].first}, "
                f"and {landing_again(loads)}"
            )


def _handed_on(nodes: Mapping[str, Any], node: Mapping[str, Any]) -> set[str]:
    """Return the sources' models that a model reads, by way of conformed ones too."""
    found = set()
    for parent in nodes.keys() & node["depends_on"]["nodes"]:
        if nodes[parent]["fqn"][1] == "sources":
            found.add(parent)
        elif nodes[parent]["schema"] == "conformed":
            found |= _handed_on(nodes, nodes[parent])
    return found


def _origins(
    column: str, queries: Mapping[str, str], known: KnownTables
) -> Iterator[str]:
    """Yield the columns that a column is made from, and no query makes."""
    table, _, name = column.rpartition(".")
    if table not in queries:
        yield column
        return
    for parent in Trace(known, queries[table]).origin(name).made_from:
        yield from _origins(parent, queries, known)


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node['name']}"
