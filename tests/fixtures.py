"""Exports of a small grocer, in the shape of Complete Journey, made here."""

import csv
import gzip
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb

TRANSACTION_COLUMNS = (
    "household_id",
    "store_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "retail_disc",
    "coupon_disc",
    "coupon_match_disc",
    "week",
    "transaction_timestamp",
)
DEMOGRAPHIC_COLUMNS = (
    "household_id",
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)
HOUSEHOLDS = 36
PRODUCTS = 20
# Windows and horizons that fit into three months.
SETTINGS = """timezone: America/New_York
base_currency: USD
recent_window_days: 30
churn_horizon_days: 30
"""


def small_grocer(data: Path, seed: int = 7) -> list[dict[str, object]]:
    """Write three months of exports below ``data`` and return the lines sold.

    The traps of the real data are in it: lines with quantity or value 0, a fuel line
    of thousands of units, products and demographics that are missing, a basket late
    on New Year's Eve that is already next year in UTC.
    """
    random = Random(seed)
    lines = []
    for basket in range(400):
        household = random.randint(1, HOUSEHOLDS)
        paid_at = datetime(2017, 10, 1, 12) + timedelta(
            seconds=random.randint(0, 91 * 86_400)
        )
        for product in random.sample(range(1, PRODUCTS + 3), random.randint(1, 4)):
            lines.append(_line(household, basket, product, paid_at, random))
    lines.append(_line(1, 9_001, 1, datetime(2018, 1, 1, 4, 30), random))
    lines.append({**lines[0], "basket_id": 9_002, "quantity": 0, "sales_value": "0.00"})
    lines.append({**lines[1], "basket_id": 9_003, "quantity": 14_250})
    folder = data / "exports" / "complete_journey"
    folder.mkdir(parents=True)
    for month in (10, 11, 12):
        write_transactions(
            folder / f"transactions_2017-{month}.csv.gz",
            [line for line in lines if _business_month(line) == month],
        )
    write_dimensions(folder)
    (data / "settings.yml").write_text(SETTINGS)
    return lines


def write_transactions(path: Path, lines: list[dict[str, object]]) -> Path:
    """Write a file of transaction lines."""
    with gzip.open(path, "wt", newline="") as stream:
        writer = csv.DictWriter(stream, TRANSACTION_COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return path


def line(household: int, basket: int, product: int, paid_at: datetime, value: str):
    """Return one transaction line."""
    return {
        **_line(household, basket, product, paid_at, Random(0)),
        "quantity": 1,
        "sales_value": value,
    }


def _line(
    household: int, basket: int, product: int, paid_at: datetime, random: Random
) -> dict[str, object]:
    value = Decimal(random.randint(50, 2_000)) / 100
    return {
        "household_id": household,
        "store_id": 300 + household % 5,
        "basket_id": basket,
        "product_id": product,
        "quantity": random.randint(1, 3),
        "sales_value": f"{value:.2f}",
        "retail_disc": f"{value / 10:.2f}",
        "coupon_disc": "0.00",
        "coupon_match_disc": "0.00",
        "week": 1 + (paid_at.date() - date(2017, 1, 1)).days // 7,
        "transaction_timestamp": paid_at.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _business_month(line: dict[str, object]) -> int:
    # New York was four hours behind UTC until 5 November, five after: close enough
    # to sort lines into files, whose names decide nothing.
    paid_at = datetime.fromisoformat(str(line["transaction_timestamp"]))
    return (paid_at - timedelta(hours=5)).month


def write_dimensions(folder: Path) -> None:
    """Write the tables that are not transactions."""
    with (folder / "demographics.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(DEMOGRAPHIC_COLUMNS)
        for household in range(1, HOUSEHOLDS // 3):
            writer.writerow(
                [household, "35-44", "50-74K", "Homeowner", "", "2", "2 Adults", "0"]
            )
    duckdb.sql(
        f"""select
            product_id, product_id % 4 as manufacturer_id,
            case product_id % 2 when 0 then 'GROCERY' else 'PRODUCE' end as department,
            'National' as brand, 'CATEGORY ' || product_id % 5 as product_category,
            'TYPE ' || product_id as product_type, '1 LB' as package_size
        from range(1, {PRODUCTS + 1}) as products (product_id)"""
    ).write_parquet(str(folder / "products.parquet"))
    texts = {
        "campaigns.csv": "campaign_id,household_id\n1,1\n1,2\n",
        "campaign_descriptions.csv": "campaign_id,campaign_type,start_date,end_date\n"
        "1,Type A,2017-11-01,2017-11-30\n",
        "coupon_redemptions.csv": "household_id,coupon_upc,campaign_id,"
        "redemption_date\n1,10,1,2017-11-05\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    with gzip.open(folder / "coupons.csv.gz", "wt") as stream:
        stream.write("coupon_upc,product_id,campaign_id\n10,1,1\n10,1,1\n")
