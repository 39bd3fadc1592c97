"""What amounts are worth in the base currency."""

from pathlib import Path

import pytest

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Source
from ingest.currencies import exchange_rates

SHOP = Source("shop", "UTC", "USD", (), ())


def rates(base: str | None, **given: float) -> dict[str, float]:
    params = {"base_currency": base, "exchange_rates": given}
    return exchange_rates(Deployment(Path("data"), params, {}), [SHOP])


@pytest.mark.parametrize("base", [None, "USD"])
def test_the_base_currency_is_worth_1(base):
    assert rates(base) == {"shop": 1}
    assert rates(base, USD=1.0) == {"shop": 1}
    with pytest.raises(WarehouseError, match="USD is the base currency and is worth 1"):
        rates(base, USD=2)


def test_a_rate_is_needed_and_taken():
    assert rates("EUR", USD=0.9) == {"shop": 0.9}
    with pytest.raises(WarehouseError, match="no exchange rate to EUR"):
        rates("EUR", GBP=1.2)
