"""The base currency of a deployment, and the rates of its sources to it."""

from collections.abc import Iterable

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Source


def base_currency(deployment: Deployment, sources: Iterable[Source]) -> str | None:
    """Return the currency of all amounts; None where there is no source yet.

    Raises
    ------
    WarehouseError
        If the sources differ and ``settings.yml`` does not say which one it is.
    """
    if deployment.params["base_currency"]:
        return deployment.params["base_currency"]
    currencies = {source.currency for source in sources}
    if len(currencies) > 1:
        raise WarehouseError(
            f"{_listed(sources)} count in different currencies. Say in "
            f"{deployment.data / 'settings.yml'} which one amounts shall be in "
            "(base_currency: ...) and what the others are worth (exchange_rates)."
        )
    return currencies.pop() if currencies else None


def exchange_rates(
    deployment: Deployment, sources: Iterable[Source]
) -> dict[str, float]:
    """Return per source the units of the base currency for one unit of its own.

    Raises
    ------
    WarehouseError
        If a rate is missing: amounts in different currencies are never added up; or
        the base currency has another one than 1.
    """
    base = base_currency(deployment, sources)
    rates = {base: 1, **deployment.params["exchange_rates"]}
    if rates[base] != 1:
        raise WarehouseError(
            f"{deployment.data / 'settings.yml'}: exchange_rates: {base} is the base "
            f"currency and is worth 1, not {rates[base]}. Leave it out."
        )
    missing = [source for source in sources if source.currency not in rates]
    if missing:
        code = missing[0].currency
        raise WarehouseError(
            f"{_listed(missing)} has no exchange rate to {base}. Add to "
            f"{deployment.data / 'settings.yml'}, for example: "
            f"exchange_rates: {{{code}: 1.25}} (1 {code} is 1.25 {base})."
        )
    return {source.name: rates[source.currency] for source in sources}


def _listed(sources: Iterable[Source]) -> str:
    return ", ".join(f"{source.name} ({source.currency})" for source in sources)
