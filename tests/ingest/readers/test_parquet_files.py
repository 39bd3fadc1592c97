"""Parquet files: columns that have types, and those of structs, lists and maps."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.contracts import Column
from ingest.contracts.formats import Format
from ingest.ledger import Load
from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import SALES, TYPES, Shop, columns, rejects

ADDRESS = {"city": "Bonn", "zip": None}
CUSTOMER = {"id": "00015", "name": 'Ä "x"', "address": ADDRESS}


def export(shop: Shop, name: str = "sales.parquet", **nested: Any) -> None:
    given = {"id": [1, 2], "amount": [1.5, 2.0], "note": ["x", "y"]} | nested
    pq.write_table(pa.table(given), shop.folder / name)


def contract(**types: str) -> dict:
    return {"columns": columns(TYPES | types)}


def landed(shop: Shop, load: Load, column: str) -> Sequence[str | None]:
    path = load.folder(shop.deployment.raw) / load.files[0].part
    return pq.read_table(path)[column].to_pylist()


def test_what_is_nested_lands_as_json(shop):
    lines = [[{"sku": "a", "price": 0.1}, None], []]
    tags = pa.array([[("web", 1)], None], pa.map_(pa.string(), pa.int64()))
    export(shop, customer=[CUSTOMER, None], lines=lines, tags=tags)
    table = contract(customer="varchar", lines="varchar")
    (load,) = shop.land(**table)
    customer, nobody = landed(shop, load, "customer")
    assert (json.loads(customer), nobody) == (CUSTOMER, None)
    assert list(map(json.loads, landed(shop, load, "lines"))) == lines
    # What the contract does not know lands all the same.
    assert landed(shop, load, "tags") == ['{"web":1}', None]
    found = shop.rows("customer ->> '$.address.city', lines ->> '$[0].sku'", **table)
    assert found == [("Bonn", "a"), (None, None)]


def test_structs_are_opened_on_the_ways_to_the_contracts_columns(shop):
    shipping = [{"street": "Am Hof"}, {"street": None}]
    export(shop, customer=[CUSTOMER, None], shipping=shipping)
    table = contract(**{"customer.id": "bigint", "customer.address.city": "varchar"})
    (load,) = shop.land(**table)
    rows = shop.rows('"customer.id", "customer.address.city"', **table)
    assert rows == [(15, "Bonn"), (None, None)]
    # The rest of it, and structs on no way, stay what they are.
    assert load.unknown_columns == ("customer", "customer.address", "shipping")
    assert landed(shop, load, "customer") == ['{"name":"Ä \\"x\\""}', None]
    assert landed(shop, load, "customer.address") == ['{"zip":null}', None]
    assert landed(shop, load, "shipping")[0] == '{"street":"Am Hof"}'


def test_fields_that_differ_in_case_are_two(shop):
    both = pa.StructArray.from_arrays([pa.array([1, 2]), pa.array([3, 4])], ["n", "N"])
    export(shop, box=both)
    table = contract(**{"box.N": "bigint"})
    (load,) = shop.land(**table)
    assert shop.rows('"box.N"', **table) == [(3,), (4,)]
    assert landed(shop, load, "box") == ['{"n":1}', '{"n":2}']


def test_a_field_that_is_missing_is_told(shop):
    export(shop, customer=[CUSTOMER, None])
    with pytest.raises(RefusedDeliveryError, match="column customer.email is missing"):
        shop.land(**contract(**{"customer.email": "varchar"}))


def test_a_field_that_breaks_its_type_costs_its_row(shop):
    export(shop, customer=[CUSTOMER, {**CUSTOMER, "id": "A-7"}])
    table = contract(**{"customer.id": "bigint"})
    (load,) = shop.land(**table, max_rejects=0.5)
    assert shop.rows('id, "customer.id"', **table) == [(1, 15)]
    (reject,) = rejects(shop, load.load_id)
    assert (reject["line"], reject["column_name"]) == (2, "customer.id")
    assert json.loads(json.loads(reject["text"])["customer"])["name"] == 'Ä "x"'


def test_files_whose_structs_differ_are_not_read_as_the_first_one(shop):
    export(shop, "sales_1.parquet", box=[{"n": 1}, {"n": 2}])
    export(shop, "sales_2.parquet", id=[3, 4], box=[{"n": 1.6}, {"n": 2.0}])
    export(shop, "sales_3.parquet", id=[5, 6], box=[{"m": 7}, {"m": 8}])
    table = contract(box="varchar")
    shop.land(**table)
    assert [text for (text,) in shop.rows("box", **table)] == [
        *('{"n":1}', '{"n":2}'),
        *('{"n":1.6}', '{"n":2.0}'),
        *('{"m":7}', '{"m":8}'),
    ]


def test_bytes_in_a_struct_that_are_no_text_are_told_by_its_column(shop):
    export(shop, customer=[{"name": b"Ann \xff"}, {"name": b"Bo"}])
    with pytest.raises(RefusedDeliveryError, match="column customer holds") as caught:
        shop.land(**contract(customer="varchar"))
    assert "Ann" not in str(caught.value)


GERMAN = Format(decimal=",", thousands=".")


def test_numbers_with_a_type_are_not_read_as_text_is_written(shop):
    """Beside text that is: 1.234 in it is a thousand, a double of 1.234 is not."""
    written = pa.array(["1.234", "1.234,5"])
    export(shop, amount=[1.234, 2.0], words=written.dictionary_encode(), text=written)
    table = contract(amount="decimal(12, 3)", words="double", text="double")
    shop.land(**table, format=GERMAN)
    found = shop.rows("amount, words, text", **table, format=GERMAN)
    assert found == [(Decimal("1.234"), 1234, 1234), (2, 1234.5, 1234.5)]


def test_times_with_a_type_need_no_pattern(shop):
    """Of a table whose first files were text: what wrote those wrote patterns."""
    moments = [datetime(2026, 4, 3), datetime(2026, 4, 4)]
    stored = pa.array(moments, pa.timestamp("ns"))
    export(shop, day=stored, at=stored)
    columns = (
        *SALES.columns,
        Column("day", "date", False, None, "%Y-%d-%m"),
        Column("at", "timestamp", False, None, "%d.%m.%Y %H:%M"),
    )
    shop.land(columns=columns)
    found = [(moment.date(), moment) for moment in moments]
    assert shop.rows('day, "at"', columns=columns) == found


def test_a_number_that_is_taken_in_later_is_the_same(shop):
    """It lands as text, as other numbers in files of its table are written."""
    export(shop, price=[1.234, None])
    before = {"columns": SALES.columns, "format": GERMAN}
    shop.land(**before)
    for type_, value in (("decimal(12, 3)", Decimal("1.234")), ("varchar", "1,234")):
        table = contract(price=type_) | {"format": GERMAN}
        assert shop.rows("price", **table) == [(value,), (None,)]
    export(shop, "sales_2.parquet", price=[1.234, 1.5], id=[3, 4])
    shop.land(**table)
    assert shop.rows("price", **table)[2:] == [("1,234",), ("1,5",)]
