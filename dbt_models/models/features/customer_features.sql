-- What a customer did is added up at the date of the grid that is the first to know it,
-- and again at the date at which it has left a window; running sums of the two, and
-- their differences, are the features. They are made where something changes, and hold
-- until the next change. No date is joined with every transaction before it.
{% set recent = var('recent_window_days') %}
{% set year = var('rfm_window_days') %}

with

transactions as (
    select * from {{ ref('fct_transactions') }}
),

product_history as (
    select * from {{ ref('dim_products_history') }}
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

-- An hour early: where clocks go back at midnight, the day has two beginnings.
next_days as (
    select
        date_day,
        {{ dateadd('hour', -1, start_of_business_date(
            dateadd('day', 1, 'date_day')
        )) }} as begins_at
    from dates
),

-- Most rows are known on their day. Only the others are looked up in the zone's
-- calendar, which takes longer than all else that is done with a line.
lines as (
    select
        transactions.customer_key,
        transactions.transaction_key,
        -- A product is one of its own also while its source does not list it.
        case
            when
                transactions.product_key = {{ unknown_key() }}
                and transactions.source_product_id is not null
                then {{ surrogate_key([
                    'transactions.source_system',
                    'transactions.source_product_id',
                ]) }}
            else transactions.product_key
        end as product_key,
        transactions.source_store_id,
        transactions.line_type = 'sale' as is_sale,
        transactions.line_type = 'return' as is_return,
        transactions.transaction_date,
        case
            when transactions.known_at < next_days.begins_at
                then transactions.transaction_date
            else greatest(
                transactions.transaction_date,
                {{ business_date('transactions.known_at') }}
            )
        end as known_date,
        cast(transactions.net_amount as double) as net_amount,
        cast(transactions.discount_amount as double) as discount_amount
    from transactions
    left join next_days on transactions.transaction_date = next_days.date_day
    where transactions.customer_key <> {{ unknown_key() }}
),

-- What became known of a transaction on one day.
baskets as (
    select
        customer_key,
        transaction_key,
        transaction_date,
        source_store_id,
        known_date,
        max(case when is_sale then 1 else 0 end) as is_sale,
        sum(net_amount) as net_amount,
        sum(discount_amount) as discount_amount,
        sum(case when is_return then -net_amount else 0 end) as return_amount
    from lines
    group by
        customer_key, transaction_key, transaction_date, source_store_id, known_date
),

-- A transaction counts from the day on which its first line was known.
sales as (
    select
        customer_key,
        transaction_key,
        transaction_date,
        min(known_date) as known_date
    from baskets
    where is_sale = 1
    group by customer_key, transaction_key, transaction_date
),

amounts_and_counts as (
    select
        customer_key,
        transaction_date,
        known_date,
        net_amount,
        discount_amount,
        return_amount,
        cast(0 as double) as transaction_count
    from baskets
    union all
    select
        customer_key,
        transaction_date,
        known_date,
        0 as net_amount,
        0 as discount_amount,
        0 as return_amount,
        1 as transaction_count
    from sales
),

customer_days as (
    select
        customer_key,
        transaction_date,
        known_date,
        sum(net_amount) as net_amount,
        sum(discount_amount) as discount_amount,
        sum(return_amount) as return_amount,
        sum(transaction_count) as transaction_count
    from amounts_and_counts
    group by customer_key, transaction_date, known_date
),

purchase_days as (
    select
        customer_key,
        transaction_date,
        min(known_date) as known_date
    from sales
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
sold_lines as (
    select
        customer_key,
        product_key,
        known_date
    from lines
    where is_sale
),

first_products as (
    {{ first_occurrences('sold_lines', 'product_key') }}
),

product_versions as (
    select
        product_key,
        version_number,
        department,
        {{ business_date('known_at') }} as known_date
    from product_history
    where department is not null
),

-- The department of a product from one date to the next; of a date, the last one.
departments as (
    select
        product_key,
        department,
        known_date,
        min(known_date) over (partition by product_key) as first_known_date,
        lead(known_date, 1, cast({{ end_of_time() }} as date)) over (
            partition by product_key order by version_number
        ) as next_known_date
    from product_versions
),

-- The one it was sold in, or in which it was listed later.
sold_departments as (
    select
        first_products.customer_key,
        departments.department,
        greatest(first_products.known_date, departments.first_known_date) as known_date
    from first_products
    inner join departments
        on
            first_products.product_key = departments.product_key
            and greatest(first_products.known_date, departments.first_known_date)
            >= departments.known_date
            and greatest(first_products.known_date, departments.first_known_date)
            < departments.next_known_date
),

first_departments as (
    {{ first_occurrences('sold_departments', 'department') }}
),

sold_baskets as (
    select
        customer_key,
        source_store_id,
        known_date
    from baskets
    where is_sale = 1
),

first_stores as (
    {{ first_occurrences('sold_baskets', 'source_store_id') }}
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

known as (
    {{ by_date('customer_days', 'known_date', {
        'transaction_count': 'sum(transaction_count)',
        'net_amount': 'sum(net_amount)',
        'discount_amount': 'sum(discount_amount)',
        'return_amount': 'sum(return_amount)',
    }) }}
),

left_year as (
    {{ by_date('customer_days', leaves(year), {
        'transaction_count': 'sum(transaction_count)',
        'net_amount': 'sum(net_amount)',
        'discount_amount': 'sum(discount_amount)',
        'return_amount': 'sum(return_amount)',
    }) }}
),

left_recent as (
    {{ by_date('customer_days', leaves(recent), {
        'transaction_count': 'sum(transaction_count)',
        'net_amount': 'sum(net_amount)',
    }) }}
),

left_previous as (
    {{ by_date('customer_days', leaves(2 * recent), {
        'transaction_count': 'sum(transaction_count)',
        'net_amount': 'sum(net_amount)',
    }) }}
),

known_purchase_days as (
    {{ by_date('purchase_days', 'known_date', {
        'first_transaction_date': 'min(transaction_date)',
        'last_transaction_date': 'max(transaction_date)',
        'day_count': 'count(*)',
    }) }}
),

known_intervals as (
    {{ by_date('intervals', 'known_date', {
        'interval_count': 'count(interval_days)',
        'interval_days': 'sum(interval_days)',
        'squared_interval_days': 'sum(interval_days * interval_days)',
    }) }}
),

known_products as (
    {{ by_date('first_products', 'known_date', {'product_count': 'count(*)'}) }}
),

known_departments as (
    {{ by_date('first_departments', 'known_date', {'department_count': 'count(*)'}) }}
),

known_stores as (
    {{ by_date('first_stores', 'known_date', {'store_count': 'count(*)'}) }}
),

-- Nothing else changes on a date on which no line becomes known or leaves a window, and
-- no product is listed that was bought before.
changes as (
    select
        customer_key,
        date_number
    from known
    union distinct
    select
        customer_key,
        date_number
    from left_year
    union distinct
    select
        customer_key,
        date_number
    from left_recent
    union distinct
    select
        customer_key,
        date_number
    from left_previous
    union distinct
    select
        customer_key,
        date_number
    from known_departments
),

last_dates as (
    select max(date_number) as date_number
    from feature_dates
),

running_sums as (
    select
        changes.customer_key,
        customers.customer_id,
        changes.date_number as first_number,
        coalesce(
            lead(changes.date_number) over (
                partition by changes.customer_key order by changes.date_number
            ) - 1,
            last_dates.date_number
        ) as last_number,
        min(known_purchase_days.first_transaction_date) over so_far
            as first_transaction_date,
        max(known_purchase_days.last_transaction_date) over so_far
            as last_transaction_date,
        {{ count_so_far('known.transaction_count') }} as lifetime_transaction_count,
        {{ count_so_far('known.transaction_count', 'left_year.transaction_count') }}
            as transaction_count,
        {{ count_so_far('known.transaction_count', 'left_recent.transaction_count') }}
            as recent_transaction_count,
        {{ count_so_far(
            'left_recent.transaction_count', 'left_previous.transaction_count'
        ) }} as previous_transaction_count,
        {{ amount_so_far('known.net_amount') }} as lifetime_net_amount,
        {{ amount_so_far('known.net_amount', 'left_year.net_amount') }} as net_amount,
        {{ amount_so_far('known.net_amount', 'left_recent.net_amount') }}
            as recent_net_amount,
        {{ amount_so_far('left_recent.net_amount', 'left_previous.net_amount') }}
            as previous_net_amount,
        {{ amount_so_far('known.discount_amount', 'left_year.discount_amount') }}
            as discount_amount,
        {{ amount_so_far('known.return_amount', 'left_year.return_amount') }}
            as return_amount,
        {{ count_so_far('known_purchase_days.day_count') }} as purchase_day_count,
        {{ so_far('known_intervals.interval_count') }} as interval_count,
        {{ so_far('known_intervals.interval_days') }} as interval_days,
        {{ so_far('known_intervals.squared_interval_days') }} as squared_interval_days,
        {{ count_so_far('known_products.product_count') }} as product_count,
        {{ count_so_far('known_departments.department_count') }} as department_count,
        {{ count_so_far('known_stores.store_count') }} as store_count
    from changes
    inner join customers on changes.customer_key = customers.customer_key
    cross join last_dates
    {{ left_join_changes('known') }}
    {{ left_join_changes('left_year') }}
    {{ left_join_changes('left_recent') }}
    {{ left_join_changes('left_previous') }}
    {{ left_join_changes('known_purchase_days') }}
    {{ left_join_changes('known_intervals') }}
    {{ left_join_changes('known_products') }}
    {{ left_join_changes('known_departments') }}
    {{ left_join_changes('known_stores') }}
    window
        so_far as (
            partition by changes.customer_key
            order by changes.date_number
            rows between unbounded preceding and current row
        )
),

-- The dates of the grid from each to each, so that sums are spread over theirs by
-- equality, which is what engines are quick at.
spans as (
    select
        firsts.date_number as first_number,
        lasts.date_number as last_number,
        feature_dates.as_of_date,
        feature_dates.is_latest
    from feature_dates as firsts
    inner join feature_dates as lasts on firsts.date_number <= lasts.date_number
    inner join feature_dates
        on feature_dates.date_number between firsts.date_number and lasts.date_number
),

features as (
    select
        running_sums.customer_key,
        running_sums.customer_id,
        spans.as_of_date,
        spans.is_latest,

        -- since when, and when last
        running_sums.first_transaction_date,
        running_sums.last_transaction_date,
        {{ datediff('running_sums.first_transaction_date', 'spans.as_of_date', 'day') }}
            as tenure_days,
        {{ datediff('running_sums.last_transaction_date', 'spans.as_of_date', 'day') }}
            as days_since_last_transaction,

        -- how often
        running_sums.lifetime_transaction_count,
        running_sums.transaction_count,
        running_sums.recent_transaction_count,
        running_sums.previous_transaction_count,

        -- how much
        running_sums.lifetime_net_amount,
        running_sums.net_amount,
        running_sums.recent_net_amount,
        running_sums.previous_net_amount,
        running_sums.discount_amount,
        running_sums.return_amount,

        -- in which rhythm
        running_sums.purchase_day_count,
        running_sums.interval_days / nullif(running_sums.interval_count, 0)
            as average_interval_days,
        case
            when running_sums.interval_count > 0
                then sqrt(
                    greatest(
                        running_sums.squared_interval_days / running_sums.interval_count
                        - power(
                            running_sums.interval_days / running_sums.interval_count, 2
                        ),
                        0
                    )
                )
        end as interval_deviation_days,

        -- how broad
        running_sums.product_count,
        running_sums.department_count,
        running_sums.store_count
    from running_sums
    inner join spans
        on
            running_sums.first_number = spans.first_number
            and running_sums.last_number = spans.last_number
    where running_sums.last_transaction_date is not null
)

select
    *,
    {{ activity_status() }} as activity_status
from features
