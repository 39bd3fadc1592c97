"""A day's lines on top of ten million: the run that takes them in, and the first."""

from pathlib import Path

from ingest.sql import connect, literal
from tests.bench import crm_run
from tests.fixtures import SETTINGS, TRANSACTION_COLUMNS, write_dimensions

LINES = 10_000_000
# So few that to work on them takes no time: what a run takes however much there is.
NEXT_TO_NONE = 10_000
DAYS = 364
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
    fixed_first, fixed_again = _measure(data.with_name("delta_fixed"), NEXT_TO_NONE)
    first, again = _measure(data.with_name("delta"), LINES)
    print(
        f"  {fixed_again:.1f} s however much there is, and "
        f"{(again - fixed_again) / (first - fixed_first):.2f} of the first run's work "
        "on data"
    )


def _measure(data: Path, lines: int) -> tuple[float, float]:
    folder = data / "exports" / "complete_journey"
    folder.mkdir(parents=True)
    (data / "settings.yml").write_text(SETTINGS)
    write_dimensions(folder)
    a_day, a_month = lines // DAYS // 4 * 4, lines // 12
    for month in range(12):
        path = folder / f"transactions_{month + 1:02}.csv.gz"
        _write(path, lines, month * a_month, (month + 1) * a_month)
    first = crm_run.measure(data, f"A first run of {lines:,} lines")
    last = 12 * a_month
    _write(folder / "transactions_day.csv.gz", lines, last, last + a_day)
    again = crm_run.measure(data, f"And with a day's {a_day:,} lines more")
    return first["whole process"], again["whole process"]


def _write(path: Path, lines: int, first: int, last: int) -> None:
    made = _MADE.format(
        customers=lines // 50, days=DAYS, lines=lines, first=first, last=last
    )
    columns = ", ".join(TRANSACTION_COLUMNS)
    with connect() as connection:
        connection.execute(
            f"copy (select {columns} from ({made})) to {literal(path)} (format csv)"
        )
