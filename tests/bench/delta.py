"""A day's lines on top of ten million: the run that takes them in, and the first."""

from pathlib import Path

from ingest.sql import connect, literal
from tests.bench import crm_run
from tests.fixtures import SETTINGS, TRANSACTION_COLUMNS, write_dimensions

LINES = 10_000_000
DAYS = 364
CUSTOMERS = 200_000
# What a run takes however much there is.
_FIXED = ("prepare (imports, contracts, manifest)", "orchestration")
# Four lines a basket, each of another product.
_MADE = """
    select
        1 + hash(range // 4) % {customers} as household_id,
        300 + hash(range // 4, 1) % 50 as store_id,
        range // 4 as basket_id,
        1 + range % 4 * 5 + hash(range) % 5 as product_id,
        1 + hash(range, 2) % 3 as quantity,
        ((50 + hash(range, 3) % 1000) / 100)::decimal(12, 2) as sales_value,
        0.00 as retail_disc,
        0.00 as coupon_disc,
        0.00 as coupon_match_disc,
        1 + range // 4 * {days} // ({lines} // 4) // 7 as week,
        timestamp '2017-01-01 05:00:00'
            + to_seconds((range // 4) * {days} * 86400 // ({lines} // 4))
            as transaction_timestamp
    from range({first}, {last})
"""


def measure(data: Path) -> None:
    """Write a year of lines below ``data`` and run it, then one day more."""
    data = data.with_name("delta")
    folder = data / "exports" / "complete_journey"
    folder.mkdir(parents=True)
    (data / "settings.yml").write_text(SETTINGS)
    write_dimensions(folder)
    a_day, a_month = LINES // DAYS // 4 * 4, LINES // 12
    for month in range(12):
        first = month * a_month
        _write(folder / f"transactions_{month + 1:02}.csv.gz", first, first + a_month)
    whole = crm_run.measure(data, f"A first run of {LINES:,} lines")
    last = 12 * a_month
    _write(folder / "transactions_day.csv.gz", last, last + a_day)
    again = crm_run.measure(data, f"And with a day's {a_day:,} lines more")
    fixed = sum(again[stage] for stage in _FIXED)
    share = (again["whole process"] - fixed) / (
        whole["whole process"] - sum(whole[stage] for stage in _FIXED)
    )
    print(
        f"  {fixed:.1f} s however much there is, and {share:.2f} of the first run's "
        "work on data"
    )


def _write(path: Path, first: int, last: int) -> None:
    made = _MADE.format(
        customers=CUSTOMERS, days=DAYS, lines=LINES, first=first, last=last
    )
    columns = ", ".join(TRANSACTION_COLUMNS)
    with connect() as connection:
        connection.execute(
            f"copy (select {columns} from ({made})) to {literal(path)} (format csv)"
        )
