"""Amounts in the base currency: exact, small ones and large ones, in one table."""

from decimal import ROUND_HALF_UP, Decimal

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from dbt_models import PROJECT_DIR

MACRO = (PROJECT_DIR / "macros" / "currency.sql").read_text()
QUERY = Environment().from_string(MACRO + "{{ in_base_currency('amount') }}").render()
AMOUNTS = st.decimals(-(10**9), 10**9, places=4)
RATES = st.one_of(
    st.just(Decimal(1)), st.decimals(Decimal("0.00001"), 30_000, places=6)
)


@settings(deadline=None)  # the first connection takes longer
@given(rows=st.lists(st.tuples(st.none() | AMOUNTS, RATES), min_size=1))
def test_amounts_are_exact_to_the_ten_thousandth(rows):
    with duckdb.connect() as connection:
        connection.execute(
            "create table lines (row integer, amount decimal(18, 4), "
            "exchange_rate decimal(18, 6))"
        )
        connection.executemany(
            "insert into lines values (?, ?, ?)",
            [(number, *row) for number, row in enumerate(rows)],
        )
        found = connection.execute(f"select {QUERY} from lines order by row")
        assert [amount for (amount,) in found.fetchall()] == [
            None
            if amount is None
            else (amount * rate).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            for amount, rate in rows
        ]
