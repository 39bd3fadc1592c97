"""`crm catalog`: one page, self-contained, of everything that the publication has."""

from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dagster_project.catalog.published import Catalog, Table, read_catalog

# Layers in the order in which people ask for them, with what they are for.
_LAYERS = {
    "marts": "Answers: one table per question.",
    "learned": "What models have learnt and predict.",
    "features": "What is known of each customer at each date.",
    "core": "The star: facts and dimensions that every mart is made from.",
    "ops": "What the pipeline records: loads, checks, reconciliation, this catalogue.",
    "seeds": "Lists that people keep by hand.",
    "conformed": "The rows of all sources in one shape.",
    "staging": "The rows of each source, renamed and cast.",
    "raw": "The rows as the exports delivered them.",
}


def write_page(published: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the page; a reader who has the old one open keeps it."""
    catalog = read_catalog(published)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("page.html").render(
        catalog=catalog,
        layers=_layers(catalog),
        kpis=published.execute(
            "select kpi, unit, description, sql_expression from marts.kpi_definitions"
        ).fetchall(),
    )
    new = path.with_suffix(".new")
    new.write_text(page, encoding="utf-8")
    new.replace(path)


def _layers(catalog: Catalog) -> list[tuple[str, str, list[Table]]]:
    """Return name, purpose and tables of each layer that has tables."""
    found: dict[str, list[Table]] = {name: [] for name in _LAYERS}
    for table in catalog.tables.values():
        layer = "raw" if table.schema.startswith("raw_") else table.schema
        found.setdefault(layer, []).append(table)
    return [
        (name, _LAYERS.get(name, ""), tables)
        for name, tables in found.items()
        if tables
    ]
