-- Every date of the grid in one pass: what a customer did is added where it becomes
-- known and taken off where it leaves a window; a running sum over the dates gives the
-- features. No date is joined with every transaction before it.
{% set recent = var('recent_window_days') %}
{% set year = var('rfm_window_days') %}

with

transactions as (
    select * from {{ ref('fct_transactions') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

feature_dates as (
    select * from {{ ref('feature_dates') }}
),

lines as (
    select
        transactions.customer_key,
        transactions.transaction_key,
        transactions.product_key,
        products.department,
        transactions.source_store_id,
        transactions.line_type,
        transactions.transaction_date,
        greatest(
            transactions.transaction_date,
            {{ business_date('transactions.known_at') }}
        ) as known_date,
        transactions.net_amount,
        transactions.discount_amount
    from transactions
    left join products on transactions.product_key = products.product_key
    where transactions.customer_key <> {{ unknown_key() }}
),

amounts as (
    select
        customer_key,
        transaction_date,
        known_date,
        sum(net_amount) as net_amount,
        sum(discount_amount) as discount_amount,
        coalesce(sum(case when line_type = 'return' then -net_amount end), 0)
            as return_amount
    from lines
    group by customer_key, transaction_date, known_date
),

-- A transaction counts from the day on which its first line was known.
sales as (
    select
        customer_key,
        transaction_key,
        transaction_date,
        min(known_date) as known_date
    from lines
    where line_type = 'sale'
    group by customer_key, transaction_key, transaction_date
),

sale_days as (
    select
        customer_key,
        transaction_date,
        known_date,
        count(*) as transaction_count
    from sales
    group by customer_key, transaction_date, known_date
),

purchase_days as (
    select
        customer_key,
        transaction_date,
        min(known_date) as known_date
    from sale_days
    group by customer_key, transaction_date
),

-- An interval counts once both its ends are known. A day that becomes known late makes
-- two of one; the one was in the features before, and both are in them from then on.
intervals as (
    select
        customer_key,
        greatest(
            known_date,
            lag(known_date) over (
                partition by customer_key order by transaction_date
            )
        ) as known_date,
        {{ datediff(
            'lag(transaction_date) over (
                partition by customer_key order by transaction_date
            )', 'transaction_date', 'day'
        ) }} as interval_days
    from purchase_days
),

-- Distinct counts are sums of first occurrences.
first_products as (
    {{ first_occurrences('lines', 'product_key') }}
),

first_departments as (
    {{ first_occurrences('lines', 'department') }}
),

first_stores as (
    {{ first_occurrences('lines', 'source_store_id') }}
),

movements as (
    {{ movement('amounts', 'known_date', {
        'lifetime_net_amount': 'net_amount',
        'net_amount': 'net_amount',
        'recent_net_amount': 'net_amount',
        'two_recent_net_amount': 'net_amount',
        'discount_amount': 'discount_amount',
        'return_amount': 'return_amount',
    }) }}
    union all
    {{ movement('amounts', leaves(year), {
        'net_amount': '-net_amount',
        'discount_amount': '-discount_amount',
        'return_amount': '-return_amount',
    }) }}
    union all
    {{ movement('amounts', leaves(recent), {'recent_net_amount': '-net_amount'}) }}
    union all
    {{ movement('amounts', leaves(2 * recent), {
        'two_recent_net_amount': '-net_amount',
    }) }}
    union all
    {{ movement('sale_days', 'known_date', {
        'lifetime_transaction_count': 'transaction_count',
        'transaction_count': 'transaction_count',
        'recent_transaction_count': 'transaction_count',
        'two_recent_transaction_count': 'transaction_count',
    }) }}
    union all
    {{ movement('sale_days', leaves(year), {
        'transaction_count': '-transaction_count',
    }) }}
    union all
    {{ movement('sale_days', leaves(recent), {
        'recent_transaction_count': '-transaction_count',
    }) }}
    union all
    {{ movement('sale_days', leaves(2 * recent), {
        'two_recent_transaction_count': '-transaction_count',
    }) }}
    union all
    {{ movement('purchase_days', 'known_date', {'purchase_day_count': 1}) }}
    union all
    {{ movement('intervals', 'known_date', {
        'interval_count': 'case when interval_days is not null then 1 else 0 end',
        'interval_days': 'coalesce(interval_days, 0)',
        'squared_interval_days': 'coalesce(interval_days * interval_days, 0)',
    }) }}
    union all
    {{ movement('first_products', 'known_date', {'product_count': 1}) }}
    union all
    {{ movement('first_departments', 'known_date', {'department_count': 1}) }}
    union all
    {{ movement('first_stores', 'known_date', {'store_count': 1}) }}
),

-- The first date of the grid that has seen a day.
date_numbers as (
    select
        dates.date_day,
        min(feature_dates.date_number) as date_number
    from dates
    inner join feature_dates on dates.date_day <= feature_dates.as_of_date
    group by dates.date_day
),

changes as (
    select
        movements.customer_key,
        date_numbers.date_number,
        {{ feature_sums('movements') }}
    from movements
    inner join date_numbers on movements.moved_on = date_numbers.date_day
    group by movements.customer_key, date_numbers.date_number
),

purchases as (
    select
        purchase_days.customer_key,
        date_numbers.date_number,
        min(purchase_days.transaction_date) as first_transaction_date,
        max(purchase_days.transaction_date) as last_transaction_date
    from purchase_days
    inner join date_numbers on purchase_days.known_date = date_numbers.date_day
    group by purchase_days.customer_key, date_numbers.date_number
),

first_changes as (
    select
        customer_key,
        min(date_number) as date_number
    from changes
    group by customer_key
),

grid as (
    select
        first_changes.customer_key,
        feature_dates.as_of_date,
        feature_dates.date_number,
        feature_dates.is_latest
    from first_changes
    inner join feature_dates on first_changes.date_number <= feature_dates.date_number
),

sums as (
    select
        grid.customer_key,
        grid.as_of_date,
        grid.is_latest,
        min(purchases.first_transaction_date) over so_far as first_transaction_date,
        max(purchases.last_transaction_date) over so_far as last_transaction_date,
        {{ feature_sums('changes', 'so_far') }}
    from grid
    left join changes
        on
            grid.customer_key = changes.customer_key
            and grid.date_number = changes.date_number
    left join purchases
        on
            grid.customer_key = purchases.customer_key
            and grid.date_number = purchases.date_number
    window
        so_far as (
            partition by grid.customer_key
            order by grid.date_number
            rows between unbounded preceding and current row
        )
),

features as (
    select
        sums.customer_key,
        customers.customer_id,
        sums.as_of_date,
        sums.is_latest,

        -- since when, and when last
        sums.first_transaction_date,
        sums.last_transaction_date,
        {{ datediff('sums.first_transaction_date', 'sums.as_of_date', 'day') }}
            as tenure_days,
        {{ datediff('sums.last_transaction_date', 'sums.as_of_date', 'day') }}
            as days_since_last_transaction,

        -- how often
        cast(sums.lifetime_transaction_count as bigint) as lifetime_transaction_count,
        cast(sums.transaction_count as bigint) as transaction_count,
        cast(sums.recent_transaction_count as bigint) as recent_transaction_count,
        cast(
            sums.two_recent_transaction_count - sums.recent_transaction_count as bigint
        ) as previous_transaction_count,

        -- how much
        cast(sums.lifetime_net_amount as decimal(18, 4)) as lifetime_net_amount,
        cast(sums.net_amount as decimal(18, 4)) as net_amount,
        cast(sums.recent_net_amount as decimal(18, 4)) as recent_net_amount,
        cast(sums.two_recent_net_amount - sums.recent_net_amount as decimal(18, 4))
            as previous_net_amount,
        cast(sums.discount_amount as decimal(18, 4)) as discount_amount,
        cast(sums.return_amount as decimal(18, 4)) as return_amount,

        -- in which rhythm
        cast(sums.purchase_day_count as bigint) as purchase_day_count,
        sums.interval_days / nullif(sums.interval_count, 0) as average_interval_days,
        case
            when sums.interval_count > 0
                then sqrt(
                    greatest(
                        sums.squared_interval_days / sums.interval_count
                        - power(sums.interval_days / sums.interval_count, 2),
                        0
                    )
                )
        end as interval_deviation_days,

        -- how broad
        cast(sums.product_count as bigint) as product_count,
        cast(sums.department_count as bigint) as department_count,
        cast(sums.store_count as bigint) as store_count
    from sums
    inner join customers on sums.customer_key = customers.customer_key
    where sums.last_transaction_date is not null
)

select
    *,
    {{ activity_status() }} as activity_status
from features
