"""Which tables hold transactions, customers, products, and in which columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from ingest.inference.columns import ColumnGuess
from ingest.inference.keys import Identity
from ingest.inference.sales import (
    has_sums,
    is_in_hundredths,
    order_totals,
    returns_in,
)
from ingest.inference.words import has_word, noun_of_table, numbers_of, strength, words

_NUMBERS = ("integer", "bigint", "double", "decimal")
_TIMES = ("date", "timestamp")
# Conformed column to the words (of `nouns`, or of `columns`) for it, and its types.
_ROLES: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "transactions": {
        "source_transaction_id": ("transaction", ()),
        "source_customer_id": ("customer", ()),
        "source_product_id": ("product", ()),
        "source_store_id": ("store", ()),
        "quantity": ("quantity", _NUMBERS),
        "unit_price": ("price", _NUMBERS),
        "net_amount": ("amount", _NUMBERS),
    },
    "customers": {
        "source_customer_id": ("customer", ()),
        "customer_type": ("customer type", ("varchar",)),
        "country": ("country", ("varchar",)),
    },
    "contacts": {
        "source_customer_id": ("customer", ()),
        "may_be_contacted": ("consent", ("boolean",)),
    },
    "products": {
        "source_product_id": ("product", ()),
        "product_name": ("product name", ("varchar",)),
        "department": ("department", ("varchar",)),
        "product_category": ("product category", ("varchar",)),
        "product_type": ("product type", ("varchar",)),
        "brand": ("brand", ("varchar",)),
    },
    "campaigns": {
        "source_campaign_id": ("campaign", ()),
        "campaign_name": ("campaign name", ("varchar",)),
        "campaign_type": ("campaign type", ("varchar",)),
        "start_date": ("starts", _TIMES),
        "end_date": ("ends", _TIMES),
    },
    "touchpoints": {
        "source_customer_id": ("customer", ()),
        "source_campaign_id": ("campaign", ()),
        "channel": ("channel", ("varchar",)),
        "cost_amount": ("cost", _NUMBERS),
    },
}
_IDENTIFIED_BY = {
    "customers": "source_customer_id",
    "products": "source_product_id",
    "campaigns": "source_campaign_id",
}
_CONTACT_FIELDS = ("contact_name", "email", "phone", "street", "postal_code", "city")


@dataclass(frozen=True)
class EntityGuess:
    """One entity that a table supplies.

    Attributes
    ----------
    columns
        Conformed column to the table's column or columns, joined by blanks.
    doubts
        What somebody has to decide of the amount.
    returned
        Column to the word in it that says that a sale went back.
    """

    entity: str
    table: str
    columns: dict[str, tuple[str, ...]]
    doubts: tuple[str, ...] = ()
    returned: Mapping[str, str] = field(default_factory=dict)


def map_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[ColumnGuess],
    identity: Identity,
) -> list[EntityGuess]:
    """Return the entities that a table can supply, by its names and its ``sample``."""
    noun = noun_of_table(table)
    found = []
    for entity in ("transactions", "customers", "products", "campaigns", "touchpoints"):
        mapped = _mapped(entity, noun, columns)
        if entity in _IDENTIFIED_BY:
            by = _IDENTIFIED_BY[entity]
            is_right = by in mapped and identity.key == mapped[by]
        elif identity.happened is None or noun in {"customer", "product", "campaign"}:
            is_right = False
        elif entity == "transactions":
            is_right = noun != "touchpoint" and _is_sale(noun, mapped)
        else:
            is_right = noun == "touchpoint" and "source_customer_id" in mapped
        if is_right:
            guess = EntityGuess(entity, table, mapped)
            if entity == "transactions":
                guess = _with_amount(guess, noun, connection, columns)
            found.append(guess)
        if is_right and entity == "customers":
            fields = _mapped("contacts", noun, columns) | _contact_fields(columns)
            if set(fields) & set(_CONTACT_FIELDS):
                found.append(EntityGuess("contacts", table, fields))
    return found


def lacks_of_sales(
    table: str, columns: Sequence[ColumnGuess], identity: Identity
) -> tuple[str, ...]:
    """Return what a table of sales would have, and this one does not."""
    noun = noun_of_table(table)
    mapped = _mapped("transactions", noun, columns)
    lacks = []
    if identity.happened is None:
        misread = _misread(columns, "happened", _TIMES, "times")
        lacks.append(f"a time that is never empty{misread}")
    if not _has_amount(mapped):
        lacks.append(f"an amount{_misread(columns, 'amount', _NUMBERS, 'numbers')}")
    if "source_customer_id" not in mapped:
        lacks.append("a number of the customer")
    return tuple(lacks)


def _misread(
    columns: Sequence[ColumnGuess], what: str, types: tuple[str, ...], are: str
) -> str:
    """Say which columns are called so, and are not what they should be."""
    found = [
        column.name
        for column in columns
        if strength(column.name, words()["columns"][what])[0] == 3
        and not column.data_type.startswith(types)
    ]
    return f" (not all values of {', '.join(found)} are {are})" if found else ""


def best_mappings(found: Sequence[EntityGuess]) -> dict[str, EntityGuess]:
    """Return for each entity the table that supplies most of it."""
    best: dict[str, EntityGuess] = {}
    for mapping in found:
        known = best.get(mapping.entity)
        if known is None or len(mapping.columns) > len(known.columns):
            best[mapping.entity] = mapping
    return best


def _with_amount(
    sales: EntityGuess,
    noun: str | None,
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[ColumnGuess],
) -> EntityGuess:
    """Return sales with an amount that is the line's, and what is doubtful of it."""
    doubts = []
    order = sales.columns.get("source_transaction_id", ("",))[0]
    amount = sales.columns.get("net_amount", ("",))[0]
    totals = order_totals(connection, columns, order) if order else frozenset()
    if amount in totals:
        others = [column for column in columns if column.name not in totals]
        mapped = _mapped("transactions", noun, others)
        if _has_amount(mapped):
            sales = replace(sales, columns=mapped)
            doubts.append(
                f"{amount} is not taken: it is one for all lines of one {order}, so "
                "rather the total of what they are lines of"
            )
        else:
            doubts.append(
                f"{amount} is the same on all lines of one {order}: is it the total of "
                "that? Then it counts once for each line"
            )
    for name in sales.columns.get("net_amount", ()):
        doubts += [
            f"in each {whole or 'file'}, {name} of one row is the sum of the others: "
            "either it or they are too many"
            for whole in ([order, None] if order else [None])
            if has_sums(connection, columns, name, whole)
        ]
    amounts = [
        name
        for role in ("net_amount", "unit_price", "quantity")
        for name in sales.columns.get(role, ())
    ]
    doubts += [
        f"{name} is in hundredths by its name: divide by 100, here and in the mapping"
        for name in amounts
        if is_in_hundredths(name)
    ]
    if "net_amount" not in sales.columns:
        known = words()["columns"]["discount"]
        doubts += [
            f"{column.name} is not taken off it, neither here nor in the mapping"
            for column in columns
            if column.data_type.startswith(_NUMBERS)
            and column.distinct > 1
            and strength(column.name, known)[0]
        ]
    returned = returns_in(connection, columns, amounts)
    return replace(sales, doubts=tuple(doubts), returned=returned)


def _has_amount(mapped: Mapping[str, object]) -> bool:
    return "net_amount" in mapped or {"quantity", "unit_price"} <= set(mapped)


def _is_sale(noun: str | None, mapped: Mapping[str, object]) -> bool:
    signs = {"source_transaction_id", "source_customer_id", "source_product_id"}
    return _has_amount(mapped) and (
        noun == "transaction" or len(signs & set(mapped)) > 0
    )


def _mapped(
    entity: str, noun: str | None, columns: Sequence[ColumnGuess]
) -> dict[str, tuple[str, ...]]:
    mapped: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    no_unit_price = words()["columns"]["no unit price"]
    for role, (what, types) in _ROLES[entity].items():
        is_noun = what in words()["nouns"]
        known = numbers_of(what) if is_noun else words()["columns"][what]
        # A bare id is that of what the table is about.
        known = (*known, "id", "unique id") if is_noun and what == noun else known
        found = [
            (strength(column.name, known), column.name)
            for column in columns
            if column.name not in taken
            and (not types or column.data_type.startswith(types))
            and (not column.personal or role in {"product_name"})
            and not (is_noun and column.data_type.startswith(("dec", "dou", *_TIMES)))
            and not (is_noun and column.data_type == "boolean")
            # A total would count as often as there are units.
            and not (role == "unit_price" and strength(column.name, no_unit_price)[0])
            and not (role == "net_amount" and _is_part(column.name))
        ]
        # What only contains a noun (name of the store) does not identify it.
        least = 3 if is_noun else 1
        best = max(found, key=_likeliness, default=((0, 0), ""))
        if best[0][0] >= least:
            mapped[role] = (best[1],)
            taken.add(best[1])
    return mapped


def _likeliness(found: tuple[tuple[int, int], str]) -> tuple[int, bool, int]:
    """Return what orders columns for a role: of two amounts the one without tax."""
    (sureness, place), name = found
    return sureness, not has_word(name, "with tax"), place


def _is_part(name: str) -> bool:
    """Return whether an amount is a part of others, by its name, such as the tax."""
    return has_word(name, "part of an amount") and not has_word(name, "beside a part")


def _contact_fields(columns: Sequence[ColumnGuess]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, list[str]] = {}
    for column in columns:
        if column.personal == "contact" and column.field:
            fields.setdefault(column.field, []).append(column.name)
    found = {name: (fields[name][0],) for name in _CONTACT_FIELDS if name in fields}
    names = [fields[part][0] for part in ("first name", "last name") if part in fields]
    if names and "contact_name" not in found:
        found["contact_name"] = tuple(names)
    if "street" in found and "street number" in fields:
        found["street"] = (*found["street"], fields["street number"][0])
    return found
