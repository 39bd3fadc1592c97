"""The staging SQL of a guessed table."""

import re
from functools import cache

from ingest.inference.tables import TableGuess
from ingest.inference.words import snake_case
from ingest.sql import connect, identifier

_NO_VERSIONS = """-- Only the newest rows, for the contact fields of people who are gone
-- must be gone too. For what customers were before, write a model of row_versions
-- without those fields.
-- review: what was bought counts by what its customer is now, not by what he was
"""


def column_sql(name: str) -> str:
    """Return the SQL of a raw column, quoted unless it is plain."""
    is_plain = re.fullmatch("[a-z_][a-z0-9_]*", name)
    return name if is_plain and name not in _reserved() else identifier(name)


def staging_text(source: str, table: TableGuess) -> str:
    """Return ``stg_<source>__<table>.sql``: names of plain letters, times in UTC."""
    # Also what the entities are not made of yet: somebody may add it there.
    mine = {mapping.entity: mapping for mapping in table.mappings}
    # Contacts of who is not in the newest snapshot must be gone; and a line that was
    # corrected is one.
    with_versions = (
        {"customers", "products"} & set(mine)
        and not {"contacts", "transactions"} & set(mine)
        and table.identity.key
        and table.identity.delivery != "append"
    )
    rows = "row_versions" if with_versions else "newest_rows"
    ids = {
        column
        for mapping in mine.values()
        for role, columns in mapping.columns.items()
        for column in columns
        if role.endswith("_id")
    }
    names = staged_names(table)
    has_lines = {"transactions", "touchpoints"} & set(mine)
    lines = ["_row_id as line_id"] if has_lines else []
    for column in table.columns.columns:
        raw, name = column_sql(column.name), names[column.name]
        if column.data_type == "timestamp":
            text = raw.replace("'", "\\'")
            lines.append(
                f"{{{{ to_utc('{text}', '{source}', '{table.name}') }}}} as {name}"
            )
            continue
        if column.has_blanks:
            raw = f"trim({raw})"
        if column.name in ids and column.data_type != "varchar":
            raw = f"cast({raw} as varchar)"
        lines.append(raw if raw == name else f"{raw} as {name}")
    lines.append("_known_at")
    what = ""
    if with_versions:
        what = "-- Every version that was delivered, not only the newest.\n"
    elif {"contacts", "customers"} <= set(mine):
        what = _NO_VERSIONS
    if "transactions" in mine:
        what += (
            "-- A table: many models read it, and finding the newest rows is work.\n"
        )
        # What a snapshot no longer holds is in no load that a build could go on with.
        if table.identity.delivery == "snapshot":
            what += "{{ config(materialized='table') }}\n\n"
        else:
            what += "{{ config(materialized='incremental', unique_key='line_id') }}\n\n"
            lines.append("_last_load_id")
    listed = ",\n".join(f"        {line}" for line in lines)
    return f"""{what}with

source_rows as (
    {{{{ {rows}('{source}', '{table.name}') }}}}
),

renamed as (
    select
{listed}
    from source_rows
)

select * from renamed
"""


def staged_names(table: TableGuess) -> dict[str, str]:
    """Return raw to staged name: snake case, never twice, never a word of SQL."""
    names: dict[str, str] = {}
    for column in table.columns.columns:
        name = snake_case(column.name)
        if name in _reserved() or name == "line_id" or name[0].isdigit():
            name = f"{table.name}_{name}"
        while name in names.values():
            name += "_2"
        names[column.name] = name
    return names


@cache
def _reserved() -> frozenset[str]:
    with connect() as connection:
        found = connection.execute(
            "select keyword_name from duckdb_keywords() where keyword_category <> "
            "'unreserved'"
        ).fetchall()
    return frozenset(name for (name,) in found)
