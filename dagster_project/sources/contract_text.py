"""The contract of guessed tables, as a person would write it, guesses marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dagster_project.sources.contract_columns import column_line, mark, scalar
from dagster_project.sources.staging_text import column_sql
from ingest.inference.entities import EntityGuess
from ingest.inference.tables import TableGuess


@dataclass(frozen=True)
class Setting:
    """Time zone or currency, and why it is to be reviewed; None: somebody said it."""

    value: str
    doubt: str | None


_ONE_ROW = {
    "transactions": "One row per sale or line of one.",
    "customers": "One row per customer.",
    "products": "One row per product.",
    "campaigns": "One row per campaign.",
    "touchpoints": "One row per contact with a customer.",
}
_NEEDED = {"source_transaction_id", "happened", "net_amount", "quantity", "unit_price"}


def contract_text(
    source: str,
    timezone: Setting,
    currency: Setting,
    tables: Sequence[TableGuess],
    mappings: Mapping[str, EntityGuess],
) -> str:
    """Return the text of ``_<source>__sources.yml``.

    What would be wrong without anybody noticing is marked with ``# review:``.
    """
    lines = [
        "# Made by `crm sources add`. Comments that begin with `review` mark guesses:",
        "# mend what is wrong, here or in the models beside it, and take them away.",
        "version: 2",
        "",
        "sources:",
        f"  - name: {scalar(source)}",
        f"    schema: raw_{source}",
        f"    description: {_described(source)}",
        "    config:",
        "      meta:",
        f"        timezone: {timezone.value}{mark(timezone.doubt)}",
        f"        currency: {currency.value}{mark(currency.doubt)}",
        "    tables:",
    ]
    for table in tables:
        lines += _table_lines(source, table, mappings)
    return "\n".join(lines) + "\n"


def _described(source: str) -> str:
    words = source.replace("_", " ")
    return f"Exports of {words}.{mark('what is it, and who owns it?')}"


def _table_lines(
    source: str, table: TableGuess, chosen: Mapping[str, EntityGuess]
) -> Iterator[str]:
    identity = table.identity
    mappings = [m for m in chosen.values() if m.table == table.name]
    entities = [mapping.entity for mapping in mappings]
    supplied = [mapping.entity for mapping in table.mappings]
    row = next((_ONE_ROW[e] for e in _ONE_ROW if e in supplied), "One row per row.")
    doubts = [
        f"looks like {entity}, too, but int_{source}__{entity}.sql is made of "
        f"{chosen[entity].table} only: if these are others, add them there"
        + (
            " (union all, without last_load_id), and control_amount here"
            if entity == "transactions"
            else ""
        )
        for entity in supplied
        if entity not in entities
    ]
    doubt = "; ".join(doubts) if supplied else "what is a row?"
    yield f"      - name: {scalar(table.name)}"
    yield f"        description: {row}{mark(doubt)}"
    yield "        config:"
    yield "          meta:"
    yield f"            export: {scalar(f'{source}/{table.pattern}')}"
    yield f"            delivery: {identity.delivery}{mark(identity.delivery_why)}"
    if identity.key:
        keys = ", ".join(map(scalar, identity.key))
        yield f"            key: [{keys}]{mark(identity.key_why)}"
    else:
        why = (
            f"{identity.key_why}; equal rows of a file count as often as they are there"
        )
        yield f"            # review: no key: {why}"
    if identity.version_by:
        yield (
            f"            version_by: {scalar(identity.version_by)}"
            f"{mark('the newest of rows with one key, by its name')}"
        )
    if identity.known_at:
        yield (
            f"            known_at: {scalar(identity.known_at)}"
            f"{mark('does a row reach the company when it happens?')}"
        )
    for mapping in mappings:
        if mapping.entity == "transactions":
            yield f"            control_amount: {_amount(table, mapping)}"
            if "source_transaction_id" not in mapping.columns:
                yield "            # review: no transaction id: each row is a purchase"
    yield from _format_lines(table)
    yield f"        columns:{mark(f'types and required as seen in {table.looked_at}')}"
    roles = {
        column: role
        for mapping in mappings
        for role, columns in mapping.columns.items()
        for column in columns
    }
    if identity.happened and {"transactions", "touchpoints"} & set(entities):
        roles[identity.happened] = "happened"
    returned = {c: word for m in mappings for c, word in m.returned.items()}
    used = {*identity.key, *(c for c, role in roles.items() if role in _NEEDED)}
    for column in table.columns.columns:
        role, is_optional = roles.get(column.name), column.name in table.optional
        word = returned.get(column.name)
        yield column_line(source, column, role, used, entities, is_optional, word)


def _amount(table: TableGuess, mapping: EntityGuess) -> str:
    names = (
        mapping.columns["net_amount"]
        if "net_amount" in mapping.columns
        else (*mapping.columns["quantity"], *mapping.columns["unit_price"])
    )
    # SQL does not care for upper case, and here nobody lints it.
    sql = " * ".join(
        n if column_sql(n.lower()) == n.lower() else column_sql(n) for n in names
    )
    empty = [c.name for c in table.columns.columns if c.name in names and not c.is_full]
    doubt = "; ".join(
        [*mapping.doubts, f"is {' times '.join(names)} what the company received?"]
    )
    if empty:
        doubt = (
            f"{', '.join(empty)} is empty in some rows, and a row without an amount is "
            f"refused; {doubt}"
        )
    return f"{scalar(sql)}{mark(doubt)}"


def _format_lines(table: TableGuess) -> Iterator[str]:
    if table.format:
        yield "            format:"
        for key, value in table.format.items():
            yield f"              {key}: {scalar(value)}"
    for doubt in table.doubts:
        yield f"            # review: {doubt}"
