"""The SQL that maps the tables of a guessed source to the entities."""

from collections.abc import Mapping

from dagster_project.sources.staging_text import column_sql, staged_names
from ingest.inference.entities import EntityGuess
from ingest.inference.tables import TableGuess

# What contacts are made by, by what a table of them is called.
_CHANNELS = {
    "call": "phone", "anruf": "phone", "appel": "phone", "email": "email",
    "mail": "email", "visit": "visit", "besuch": "visit",
}  # fmt: skip


def entity_texts(
    source: str, tables: Mapping[str, TableGuess], mappings: Mapping[str, EntityGuess]
) -> dict[str, str]:
    """Return the name and text of ``int_<source>__<entity>.sql`` for each entity."""
    texts = {}
    for entity, mapping in mappings.items():
        table = tables[mapping.table]
        if entity != "customers":
            lines = _lines(source, entity, mapping, table)
            texts[entity] = _select(source, lines, table)
    if "customers" in mappings or "source_customer_id" in (
        mappings["transactions"].columns if "transactions" in mappings else ()
    ):
        texts["customers"] = _customers(source, tables, mappings)
    return {f"int_{source}__{entity}.sql": text for entity, text in texts.items()}


def _lines(
    source: str, entity: str, mapping: EntityGuess, table: TableGuess
) -> list[str]:
    names = staged_names(table)
    staged = {
        role: (
            f"concat_ws(' ', {', '.join(names[c] for c in columns)})"
            if len(columns) > 1
            else names[columns[0]]
        )
        for role, columns in mapping.columns.items()
    }
    happened = table.identity.happened
    if happened and entity in {"transactions", "touchpoints"}:
        types = {column.name: column.data_type for column in table.columns.columns}
        is_day = types[happened] == "date"
        if entity == "touchpoints":
            staged[f"touchpoint_{'date' if is_day else 'at'}"] = names[happened]
        elif is_day:
            # What happened on a day did so on that business date, in whatever zone.
            moment = f"start_of_business_date('{names[happened]}')"
            staged["transaction_at"] = f"{{{{ {moment} }}}}"
        else:
            staged["transaction_at"] = names[happened]
    if entity == "transactions":
        staged = _transaction(staged)
    elif entity == "touchpoints":
        staged = _touchpoint(staged, table.name)
    if entity in {"transactions", "touchpoints", "products"}:
        staged["known_at"] = "_known_at"
    if entity == "transactions" and table.identity.delivery != "snapshot":
        staged["last_load_id"] = "_last_load_id"
    return [
        value if value == role else f"{value} as {role}"
        for role, value in staged.items()
    ]


def _transaction(staged: dict[str, str]) -> dict[str, str]:
    net = staged.pop("net_amount", None)
    quantity, price = staged.get("quantity"), staged.get("unit_price")
    moment = staged.pop("transaction_at")
    found = {
        "source_transaction_id": staged.pop("source_transaction_id", "line_id"),
        "source_line_id": "line_id",
        "source_customer_id": staged.pop(
            "source_customer_id",
            "-- review: no column looks like the customer; without one, no RFM\n"
            "    null",
        ),
    }
    net = net or f"{quantity} * {price}"
    sign = (
        f"{quantity} < 0 or {net} < 0"
        if quantity and quantity not in net
        else f"{net} < 0"
    )
    found["source_product_id"] = staged.pop("source_product_id", None)
    found["source_store_id"] = staged.pop("source_store_id", None)
    found["line_type"] = f"case when {sign} then 'return' else 'sale' end"
    found |= {**staged, "net_amount": net, "transaction_at": moment}
    return {role: value for role, value in found.items() if value is not None}


def _touchpoint(staged: dict[str, str], table: str) -> dict[str, str]:
    tokens = {token.removesuffix("s") for token in table.split("_")}
    channel = next((c for word, c in _CHANNELS.items() if word in tokens), None)
    literal = f"'{channel}'" if channel else "null"
    mark = "-- review: which one is it? (seeds/channels.csv)\n    "
    return {
        "source_touchpoint_id": "line_id",
        **staged,
        "channel": mark + staged.get("channel", literal),
        "direction": "-- review: inbound, outbound?\n    'outbound'",
        "touchpoint_type": "-- review: promotion, sales, service, survey, complaint?\n"
        "    'sales'",
    }


def _select(source: str, lines: list[str], table: TableGuess) -> str:
    listed = ",\n    ".join(lines)
    return f"select\n    {listed}\nfrom {{{{ ref('stg_{source}__{table.name}') }}}}\n"


def _customers(
    source: str, tables: Mapping[str, TableGuess], mappings: Mapping[str, EntityGuess]
) -> str:
    """Return all customers that any of the tables knows."""
    ids, attributes = {}, []
    for table in tables.values():
        for own in table.mappings:
            if own.entity in {"customers", "transactions"} and (
                column := own.columns.get("source_customer_id")
            ):
                ids[table.name] = staged_names(table)[column[0]]
    if "customers" in mappings:
        own = mappings["customers"]
        names, quoted = staged_names(tables[own.table]), column_sql(own.table)
        attributes = [
            f"{quoted}.{names[columns[0]]}"
            + ("" if names[columns[0]] == role else f" as {role}")
            for role, columns in own.columns.items()
            if role != "source_customer_id"
        ]
        attributes.append(f"{quoted}._known_at as valid_from")
    known = "\n    union\n".join(
        f"    select {column} as source_customer_id\n"
        f"    from {{{{ ref('stg_{source}__{table}') }}}}\n"
        f"    where {column} is not null"
        for table, column in ids.items()
    )
    if not attributes:
        return (
            "-- No table of customers: they are known from what they buy.\n"
            f"with\n\nknown as (\n{known.replace('select', 'select distinct')}\n)\n\n"
            "select source_customer_id\nfrom known\n"
        )
    listed = ",\n    ".join(["known.source_customer_id", *attributes])
    table = mappings["customers"].table
    return f"""-- Who buys may not be in the table of customers (yet).
with

known as (
{known}
),

{quoted} as (
    select * from {{{{ ref('stg_{source}__{table}') }}}}
)

select
    {listed}
from known
left join {quoted}
    on known.source_customer_id = {quoted}.{ids[table]}
"""
