"""`ops.catalog_tables` and `ops.catalog_columns`: written when a run publishes."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import duckdb

from dagster_project.catalog.lineage import KnownTables, Origin, Trace
from dagster_project.dbt import read_manifest, results_path
from dbt_models import PROJECT_DIR, Deployment
from dbt_models.ops import fill_ops_table
from ingest.raw import LANDING_COLUMNS

_COLUMNS = """
    select schema_name || '.' || table_name, column_name, lower(data_type)
    from duckdb_columns()
    where not internal and database_name = current_database()
    order by schema_name, table_name, column_index
"""
_DEFINITIONS = """
    select schema_name || '.' || table_name, sql_definition from ops.catalog_tables
"""


def record_catalog(
    build: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    published_schemas: Collection[str],
) -> None:
    """Write down every table and column of the build, published or not."""
    tables = tables_of(build)
    known = KnownTables(tables)
    nodes = _nodes(deployment)
    recorded = dict(build.execute(_DEFINITIONS).fetchall())
    table_rows, column_rows = [], []
    for name, columns in tables.items():
        schema, _, table = name.partition(".")
        key = {"schema_name": schema, "table_name": table}
        node = nodes.get(name, {})
        sql = _compiled_sql(node, deployment)
        # What a build that goes on does to a table is not how the table is defined.
        if sql and node["config"]["materialized"] == "incremental":
            sql = recorded.get(name, sql)
        trace = Trace(known, sql) if sql else None
        table_rows.append(
            {
                **key,
                "is_published": schema in published_schemas,
                "description": _text(node),
                "made_from": sorted(
                    _parents(node, nodes) | trace.tables if sql else ()
                ),
                "file_pattern": _file_pattern(node),
                "sql_definition": sql,
            }
        )
        column_rows += [{**key, **row} for row in _column_rows(node, columns, trace)]
    build.begin()
    for name in ("catalog_tables", "catalog_columns"):
        build.execute(f"delete from ops.{name}")
    fill_ops_table(build, "catalog_tables", table_rows)
    fill_ops_table(build, "catalog_columns", column_rows)
    build.commit()


def tables_of(build: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the build's tables: ``<schema>.<table>`` to column to type."""
    tables: dict[str, dict[str, str]] = {}
    for name, column, data_type in build.execute(_COLUMNS).fetchall():
        tables.setdefault(name, {})[column] = data_type
    return tables


def _column_rows(
    node: Mapping[str, Any], types: Mapping[str, str], trace: Trace | None
) -> Iterator[dict[str, Any]]:
    described = node.get("columns", {})
    for position, (name, data_type) in enumerate(types.items(), start=1):
        origin = trace.origin(name) if trace else Origin()
        description = _text(described.get(name, {}))
        yield {
            "column_name": name,
            "column_position": position,
            "data_type": data_type,
            "description": description or LANDING_COLUMNS.get(name, ""),
            "made_from": list(origin.made_from),
            "expressions": list(origin.expressions),
            "untraced_reason": origin.untraced,
        }


def _text(described: Mapping[str, Any]) -> str:
    """Return a description on one line, however it stands in the YAML."""
    return " ".join(described.get("description", "").split())


def _nodes(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Return what dbt knows of tables, by ``<schema>.<table>``."""
    manifest = read_manifest(deployment)
    return {
        f"{node['schema']}.{node['name']}": node
        for node in (*manifest["nodes"].values(), *manifest["sources"].values())
        if node["resource_type"] in {"model", "seed", "source"}
    }


def _compiled_sql(node: Mapping[str, Any], deployment: Deployment) -> str | None:
    if node.get("resource_type") != "model":
        return None
    folder = results_path(deployment) / "compiled" / node["package_name"]
    return (folder / node["original_file_path"]).read_text().strip()


def _parents(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> set[str]:
    """Return the tables that dbt knows a model to read; macros may add more late."""
    names = {other["unique_id"]: name for name, other in nodes.items()}
    return {names[parent] for parent in node["depends_on"]["nodes"] if parent in names}


def _file_pattern(node: Mapping[str, Any]) -> str | None:
    if node.get("resource_type") == "seed":
        return f"{PROJECT_DIR.name}/{node['original_file_path']}"
    meta = node.get("config", {}).get("meta", {})
    if connection := meta.get("connection"):
        return f"{connection}/{meta.get('relation') or meta.get('export')}"
    return f"exports/{meta['export']}" if "export" in meta else None
