"""A warehouse of made-up customers at scale, from the star on, for measurements."""

from pathlib import Path

from ingest.sql import connect

PRODUCTS = 30_000
FIRST_DATE = "date '2023-01-01'"
LAST_DATE = "date '2024-12-31'"
DAYS = 731

# Numbers between 0 and 1 by hashes: the same warehouse each time, however many
# threads make it.
_RANDOM = """
create or replace temporary macro random_share(id, topic) as
    (hash(id, topic) % 1000000007) / 1000000007.0
"""

# Every customer buys at least once. Beyond that, few buy much: the median customer
# three times, one in a hundred 14 times and more.
_BASKETS = """
create temporary table baskets as
with

numbers as (
    select
        range as basket,
        random_share(range, 'buyer') as place
    from range(1, {baskets} + 1)
),

buyers as (
    select
        basket,
        case
            when basket <= {customers} then basket
            else 1 + floor({customers} * place * (0.97 * place + 0.03))
        end::bigint as customer_key
    from numbers
),

-- Four in five were customers before the two years began, the others came during them;
-- every third stays away from some day on.
lives as (
    select
        *,
        greatest(0, 5 * random_share(customer_key, 'joins') - 4) as joins,
        least(1, 3 * random_share(customer_key, 'stops')) as stops
    from buyers
),

moments as (
    select
        *,
        case
            when basket <= {customers} then joins + 0.06 * random_share(basket, 'day')
            else joins + (1 - joins) * stops * random_share(basket, 'day')
        end as moment
    from lives
)

select
    basket as transaction_key,
    customer_key,
    ({first_date} + least(floor(moment * {days}), {days} - 1)::integer)::date
        as transaction_date,
    'S' || floor(
        400 * random_share(customer_key, 'store') + 3 * random_share(basket, 'store')
    )::integer as source_store_id
from moments
"""

# Baskets of one, two and six lines in turn. Some lines become known weeks late, some
# are returns; few products sell much.
_LINES = """
create table core.fct_transactions as
with

lines as (
    select
        line,
        3 * (line // 9) + [1, 2, 2, 3, 3, 3, 3, 3, 3][1 + line % 9] as transaction_key,
        random_share(line, 'return') < 0.02 as is_return,
        round(0.5 + 20 * power(random_share(line, 'price'), 3), 2) as price,
        case
            when random_share(line, 'late') < 0.01
                then 1 + floor(60 * random_share(line, 'days late'))
            else 0
        end::integer as late_days
    from range({lines}) as numbers (line)
)

select
    lines.line as transaction_line_key,
    lines.transaction_key,
    baskets.customer_key,
    (1 + floor({products} * power(random_share(lines.line, 'product'), 2)))::bigint
        as product_key,
    'shop' as source_system,
    null as source_product_id,
    baskets.source_store_id,
    case when lines.is_return then 'return' else 'sale' end as line_type,
    lines.is_return,
    (case when lines.line % 4 = 0 then 0.1 * lines.price else 0 end)::decimal(18, 4)
        as discount_amount,
    (case when lines.is_return then -lines.price else lines.price end)::decimal(18, 4)
        as net_amount,
    baskets.transaction_date,
    (baskets.transaction_date + lines.late_days)::date as known_date,
    {last_date}::timestamp as _loaded_at
from lines
inner join baskets using (transaction_key)
"""

_SMALL_TABLES = """
create table core.dim_products_history as
select
    range as product_key,
    'department ' || range % 40 as department,
    1 as version_number,
    timestamp '1900-01-01' as known_at
from range(1, {products} + 1);

create table core.dim_customers as
select
    range as customer_key,
    'shop:' || range as customer_id
from range(1, {customers} + 1);

create table core.dim_dates as
select range::date as date_day
from range({first_date}, {last_date} + 1, interval 1 day);

create table conformed.int_as_of_date as
select
    {last_date} as as_of_date,
    {first_date} as first_transaction_date,
    {last_date} as last_complete_date,
    {last_date}::timestamp as began_at;
"""


def write_warehouse(path: Path, customers: int, lines: int) -> None:
    """Write what features are made of, as the models before them would have left it.

    Of the star, the columns that features and labels read are there, and no others.

    Parameters
    ----------
    path
        The DuckDB file; there must be none yet.
    customers
        How many there are. Each has a purchase: the lines must be enough for that,
        three on average.
    lines
        Transaction lines of two years.
    """
    numbers = {
        "customers": customers,
        "lines": lines,
        "baskets": 3 * -(-lines // 9),
        "products": PRODUCTS,
        "days": DAYS,
        "first_date": FIRST_DATE,
        "last_date": LAST_DATE,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with connect(path) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("create schema core; create schema conformed")
        for statement in (_RANDOM, _BASKETS, _LINES, _SMALL_TABLES):
            connection.execute(statement.format(**numbers))
