"""The contract of guessed tables, as a person would write it, guesses marked."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from dagster_project.sources.model_texts import column_sql
from ingest.inference.columns import ColumnGuess
from ingest.inference.entities import Mapping_
from ingest.inference.tables import TableGuess
from ingest.inference.words import strength, words


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
_SAID = {
    "source_transaction_id": "the transaction",
    "source_customer_id": "the customer",
    "source_product_id": "the product",
    "source_store_id": "the store",
    "source_campaign_id": "the campaign",
    "happened": "when it happened",
    "unit_price": "the price of a unit",
    "net_amount": "the amount",
}
_NEEDED = {"source_transaction_id", "happened", "net_amount", "quantity", "unit_price"}


def contract_text(
    source: str,
    timezone: Setting,
    currency: Setting,
    tables: Sequence[TableGuess],
    mappings: Mapping[str, Mapping_],
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
        f"  - name: {source}",
        f"    schema: raw_{source}",
        f"    description: {_described(source)}",
        "    config:",
        "      meta:",
        f"        timezone: {timezone.value}{_mark(timezone.doubt)}",
        f"        currency: {currency.value}{_mark(currency.doubt)}",
        "    tables:",
    ]
    for table in tables:
        mine = [m for m in mappings.values() if m.table == table.name]
        lines += _table_lines(source, table, mine)
    return "\n".join(lines) + "\n"


def _described(source: str) -> str:
    words = source.replace("_", " ")
    return f"Exports of {words}.{_mark('what is it, and who owns it?')}"


def _table_lines(
    source: str, table: TableGuess, mappings: Sequence[Mapping_]
) -> Iterator[str]:
    identity = table.identity
    entities = [mapping.entity for mapping in mappings]
    row = next((_ONE_ROW[e] for e in _ONE_ROW if e in entities), None)
    yield f"      - name: {table.name}"
    if row:
        yield f"        description: {row}"
    else:
        yield f"        description: One row per row.{_mark('what is a row?')}"
    yield "        config:"
    yield "          meta:"
    yield f"            export: {_scalar(f'{source}/{table.pattern}')}"
    yield f"            delivery: {identity.delivery}{_mark(identity.delivery_why)}"
    if identity.key:
        keys = ", ".join(map(_scalar, identity.key))
        yield f"            key: [{keys}]{_mark(identity.key_why)}"
    else:
        why = (
            f"{identity.key_why}; equal rows of a file count as often as they are there"
        )
        yield f"            # review: no key: {why}"
    if identity.version_by:
        yield (
            f"            version_by: {_scalar(identity.version_by)}"
            f"{_mark('the newest of rows with one key, by its name')}"
        )
    if identity.known_at:
        yield (
            f"            known_at: {_scalar(identity.known_at)}"
            f"{_mark('does a row reach the company when it happens?')}"
        )
    for mapping in mappings:
        if mapping.entity == "transactions":
            yield f"            control_amount: {_amount(table, mapping)}"
            if "source_transaction_id" not in mapping.columns:
                yield "            # review: no transaction id: each row is a purchase"
    yield from _format_lines(table)
    yield f"        columns:{_mark(f'types and required as seen in {table.looked_at}')}"
    roles = {
        column: role
        for mapping in mappings
        for role, columns in mapping.columns.items()
        for column in columns
    }
    if identity.happened and {"transactions", "touchpoints"} & set(entities):
        roles[identity.happened] = "happened"
    used = {*identity.key, *(c for c, role in roles.items() if role in _NEEDED)}
    for column in table.columns.columns:
        yield from _column_lines(source, column, roles.get(column.name), used, entities)


def _amount(table: TableGuess, mapping: Mapping_) -> str:
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
    doubt = f"is {' times '.join(names)} what the company received?"
    if empty:
        doubt = (
            f"{', '.join(empty)} is empty in some rows, and a row without an amount is "
            f"refused; {doubt}"
        )
    return f"{_scalar(sql)}{_mark(doubt)}"


def _format_lines(table: TableGuess) -> Iterator[str]:
    if table.format:
        yield "            format:"
        for key, value in table.format.items():
            yield f"              {key}: {_scalar(value)}"
    for doubt in table.doubts:
        yield f"            # review: {doubt}"


def _column_lines(
    source: str,
    column: ColumnGuess,
    role: str | None,
    used: set[str],
    entities: Sequence[str],
) -> Iterator[str]:
    doubts = list(column.doubts)
    if role == "happened" and not column.is_full:
        doubts.append("a row without a time stops the run")
    if role:
        doubts.insert(0, f"{_SAID.get(role, role.replace('_', ' '))}, by its name")
    elif "transactions" in entities and _is_status(column):
        doubts.append(
            f"a status; int_{source}__transactions.sql takes all rows for sales"
        )
    meta = []
    if column.is_full and (column.required or column.name in used):
        meta.append("required: true")
    if column.personal:
        meta.append(f"personal: {column.personal}")
    if column.format:
        meta.append(f"format: {json.dumps(column.format)}")
    parts = [f"name: {_scalar(column.name)}", f"data_type: {_type(column.data_type)}"]
    if meta:
        parts.append(f"config: {{meta: {{{', '.join(meta)}}}}}")
    evidence = "; ".join(filter(None, [*doubts, column.evidence]))
    comment = f"  # {'review: ' if doubts else ''}{evidence}" if evidence else ""
    yield f"          - {{{', '.join(parts)}}}{comment}"


def _is_status(column: ColumnGuess) -> bool:
    known = words()["columns"]["status"]
    return strength(column.name, known)[0] > 1 and column.distinct < 50


def _type(data_type: str) -> str:
    return f'"{data_type}"' if "," in data_type else data_type


def _mark(doubt: str | None) -> str:
    return f"  # review: {doubt}" if doubt else ""


def _scalar(value: Any) -> str:
    """Write a value as YAML reads it again, without quotes where none are needed."""
    if isinstance(value, str) and re.fullmatch(r"[\w][\w ./*-]*(?<! )", value):
        try:
            if yaml.safe_load(f"[{value}]") == [value]:
                return value
        except yaml.YAMLError:
            pass
    return json.dumps(value, ensure_ascii=False)
