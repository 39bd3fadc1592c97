"""The lines of a contract that tell of a column."""

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from ingest.inference.columns import ColumnGuess
from ingest.inference.words import strength, words

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


def column_line(
    source: str,
    column: ColumnGuess,
    role: str | None,
    used: set[str],
    entities: Sequence[str],
    is_optional: bool,
    returned: str | None,
) -> str:
    """Return the line of a column.

    Parameters
    ----------
    role
        What the entities take it for; None: nothing.
    used
        Columns that key or entities cannot do without.
    entities
        What the table supplies.
    is_optional
        Whether some records leave it out, so that a file of few may lack it.
    returned
        A word in it that says that a sale went back, though its amount does not.
    """
    doubts = list(column.doubts)
    if role == "happened" and not column.is_full:
        doubts.append("a row without a time stops the run")
    if role:
        doubts.insert(0, f"{_SAID.get(role, role.replace('_', ' '))}, by its name")
    elif "transactions" in entities and _is_status(column) and not returned:
        doubts.append(
            f"a status; int_{source}__transactions.sql takes all rows for sales"
        )
    if returned:
        doubts.append(
            f"do rows with {returned} count less than zero? Their amounts do not; "
            f"int_{source}__transactions.sql takes them for sales"
        )
    meta = []
    if column.is_full and (column.required or column.name in used):
        meta.append("required: true")
    if is_optional:
        meta.append("optional: true")
    if column.personal:
        meta.append(f"personal: {column.personal}")
    if column.format:
        meta.append(f"format: {json.dumps(column.format)}")
    parts = [f"name: {scalar(column.name)}", f"data_type: {_type(column.data_type)}"]
    if meta:
        parts.append(f"config: {{meta: {{{', '.join(meta)}}}}}")
    evidence = "; ".join(filter(None, [*doubts, column.evidence]))
    comment = f"  # {'review: ' if doubts else ''}{evidence}" if evidence else ""
    return f"          - {{{', '.join(parts)}}}{comment}"


def _is_status(column: ColumnGuess) -> bool:
    known = words()["columns"]["status"]
    return strength(column.name, known)[0] > 1 and column.distinct < 50


def _type(data_type: str) -> str:
    return f'"{data_type}"' if "," in data_type else data_type


def mark(doubt: str | None) -> str:
    """Return the comment that marks a guess; nothing where there is no doubt."""
    return f"  # review: {doubt}" if doubt else ""


def scalar(value: Any) -> str:
    """Write a value as YAML reads it again, without quotes where none are needed."""
    if isinstance(value, str) and re.fullmatch(r"[\w][\w ./*-]*(?<! )", value):
        try:
            if yaml.safe_load(f"[{value}]") == [value]:
                return value
        except yaml.YAMLError:
            pass
    return json.dumps(value, ensure_ascii=False)
