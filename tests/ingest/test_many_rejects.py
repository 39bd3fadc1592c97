"""Files that are broken throughout are refused before all their rows are looked at."""

import json

import pytest

from dbt_models import WarehouseError
from ingest import reading
from ingest.readers import csv_pieces
from tests.ingest.shop import Shop, columns, rejects, text

_LISTED = 10
# Prices that are no numbers, as a contract of the wrong types finds them.
_ROWS = [(n, "dear", f"note {n}") for n in range(1, 1_001)]
_NOTED = {"columns": columns({"id": "bigint", "amount": "bigint", "note": "varchar"})}


@pytest.fixture(autouse=True)
def few_listed(monkeypatch):
    monkeypatch.setattr(reading, "_LISTED", _LISTED)


def deliver(shop: Shop, kind: str) -> None:
    """Export the rows, and what keeps the contract before and after them."""
    good = [(n, "1", "") for n in (0, 2_000)]
    rows = [good[0], *_ROWS, good[1]]
    if kind == "json":
        records = [
            dict(zip(("id", "amount", "note"), row, strict=True)) for row in rows
        ]
        shop.export("sales.json", json.dumps(records))
    elif kind == "parquet":
        values = ", ".join(map(str, rows))
        shop.export_parquet(
            "sales.parquet", f"from (values {values}) as rows(id, amount, note)"
        )
    else:
        shop.export("sales.csv", text([",".join(map(str, row)) for row in rows]))


@pytest.mark.parametrize("kind", ["csv", "csv in pieces", "json", "parquet"])
def test_they_are_refused_by_the_first_of_them(shop, kind, monkeypatch):
    if kind == "csv in pieces":
        monkeypatch.setattr(csv_pieces, "SIZE", 200)
    deliver(shop, kind)
    with pytest.raises(WarehouseError, match=r"At least \d+ of 1,002 rows break"):
        shop.land(**_NOTED, max_rejects=0.01)
    assert shop.loads() == []
    # A piece is looked at whole.
    found = {(r["line"], r["column_name"]) for r in rejects(shop)}
    assert _LISTED < len(found) <= 2 * _LISTED
    assert {column for _, column in found} == {"amount"}


@pytest.mark.parametrize("kind", ["csv", "csv in pieces", "json", "parquet"])
def test_as_many_as_the_contract_allows_are_all_listed(shop, kind, monkeypatch):
    if kind == "csv in pieces":
        monkeypatch.setattr(csv_pieces, "SIZE", 200)
    deliver(shop, kind)
    (load,) = shop.land(**_NOTED, max_rejects=0.999)
    assert (load.rows_loaded, load.rows_rejected) == (2, 1_000)


def test_of_several_kinds_each_is_looked_at_whole(shop):
    """How many rows the others have is not known yet."""
    deliver(shop, "csv")
    deliver(shop, "json")
    with pytest.raises(WarehouseError, match="2,000 of 2,004 rows break"):
        shop.land(**_NOTED, max_rejects=0.01, delivery="snapshot")
