-- What a customer did is added up at the date of the grid that is the first to know it,
-- and again at the date at which it has left a window; running sums of the two, and
-- their differences, are the features. They are made where something changes, and hold
-- until the next change. No date is joined with every day before it.
--
-- A build that goes on from the last one makes all dates of customers of whom it knows
-- something else, and for the others those dates that the last build did not have.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unique_key=['customer_key', 'as_of_date'],
    on_schema_change='fail',
    pre_hook=["{{ forget_changed_customers() }}", "{{ forget_other_dates(ref('feature_dates')) }}"],
) }}

{% set recent = var('recent_window_days') %}
{% set year = var('rfm_window_days') %}

with

run as (
    select * from {{ ref('int_as_of_date') }}
),

histories as (
    select * from {{ ref('customer_histories') }}
),

customer_days as (
    select * from {{ ref('customer_days') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

feature_dates as (
    select * from {{ ref('feature_dates') }}
),

customers as (
    select
        histories.customer_key,
        dim_customers.customer_id,
        histories._loaded_at = run.began_at as is_changed
    from histories
    inner join dim_customers on histories.customer_key = dim_customers.customer_key
    cross join run
    where histories.customer_key <> {{ unknown_key() }}
),

-- In doubles, as in day_measures.
days as (
    select
        customer_days.customer_key,
        customer_days.transaction_date,
        customer_days.known_date,
        cast(customer_days.transaction_count as double) as transaction_count,
        cast(customer_days.net_amount as double) as net_amount,
        cast(customer_days.discount_amount as double) as discount_amount,
        cast(customer_days.return_amount as double) as return_amount,
        cast(customer_days.purchase_day_count as double) as purchase_day_count,
        cast(customer_days.interval_days as double) as interval_days,
        cast(customer_days.product_count as double) as product_count,
        cast(customer_days.department_count as double) as department_count,
        cast(customer_days.store_count as double) as store_count,
        customers.is_changed
    from customer_days
    inner join customers on customer_days.customer_key = customers.customer_key
),

grid as (
    select
        true as is_changed,
        as_of_date,
        is_latest,
        date_number
    from feature_dates
    {% if is_incremental() %}
    union all
    select
        false as is_changed,
        as_of_date,
        is_latest,
        row_number() over (order by as_of_date) as date_number
    from feature_dates
    where as_of_date not in (select distinct as_of_date from {{ this }})
    {% endif %}
),

-- The first date of the grid that has seen a day.
date_numbers as (
    select
        grid.is_changed,
        dates.date_day,
        min(grid.date_number) as date_number
    from dates
    inner join grid on dates.date_day <= grid.as_of_date
    group by grid.is_changed, dates.date_day
),

known as (
    {{ by_date('days.known_date', {
        'transaction_count': 'sum(days.transaction_count)',
        'net_amount': 'sum(days.net_amount)',
        'discount_amount': 'sum(days.discount_amount)',
        'return_amount': 'sum(days.return_amount)',
        'first_transaction_date': first_or_last_purchase('min'),
        'last_transaction_date': first_or_last_purchase('max'),
        'purchase_day_count': 'sum(days.purchase_day_count)',
        'interval_count': 'cast(count(days.interval_days) as double)',
        'interval_days': 'sum(days.interval_days)',
        'squared_interval_days': 'sum(days.interval_days * days.interval_days)',
        'product_count': 'sum(days.product_count)',
        'department_count': 'sum(days.department_count)',
        'store_count': 'sum(days.store_count)',
    }) }}
),

left_year as (
    {{ by_date(leaves(year), {
        'transaction_count': 'sum(days.transaction_count)',
        'net_amount': 'sum(days.net_amount)',
        'discount_amount': 'sum(days.discount_amount)',
        'return_amount': 'sum(days.return_amount)',
    }) }}
),

left_recent as (
    {{ by_date(leaves(recent), {
        'transaction_count': 'sum(days.transaction_count)',
        'net_amount': 'sum(days.net_amount)',
    }) }}
),

left_previous as (
    {{ by_date(leaves(2 * recent), {
        'transaction_count': 'sum(days.transaction_count)',
        'net_amount': 'sum(days.net_amount)',
    }) }}
),

-- Nothing changes on a date on which nothing becomes known or leaves a window.
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
),

last_dates as (
    select
        is_changed,
        max(date_number) as date_number
    from grid
    group by is_changed
),

running_sums as (
    select
        changes.customer_key,
        customers.customer_id,
        customers.is_changed,
        changes.date_number as first_number,
        coalesce(
            lead(changes.date_number) over (
                partition by changes.customer_key order by changes.date_number
            ) - 1,
            last_dates.date_number
        ) as last_number,
        min(known.first_transaction_date) over so_far
            as first_transaction_date,
        max(known.last_transaction_date) over so_far
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
        {{ count_so_far('known.purchase_day_count') }} as purchase_day_count,
        {{ so_far('known.interval_count') }} as interval_count,
        {{ so_far('known.interval_days') }} as interval_days,
        {{ so_far('known.squared_interval_days') }} as squared_interval_days,
        {{ count_so_far('known.product_count') }} as product_count,
        {{ count_so_far('known.department_count') }} as department_count,
        {{ count_so_far('known.store_count') }} as store_count
    from changes
    inner join customers on changes.customer_key = customers.customer_key
    inner join last_dates on customers.is_changed = last_dates.is_changed
    {{ left_join_changes('known') }}
    {{ left_join_changes('left_year') }}
    {{ left_join_changes('left_recent') }}
    {{ left_join_changes('left_previous') }}
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
        firsts.is_changed,
        firsts.date_number as first_number,
        lasts.date_number as last_number,
        grid.as_of_date,
        grid.is_latest,
        run.began_at
    from grid as firsts
    inner join grid as lasts
        on
            firsts.is_changed = lasts.is_changed
            and firsts.date_number <= lasts.date_number
    inner join grid
        on
            firsts.is_changed = grid.is_changed
            and grid.date_number between firsts.date_number and lasts.date_number
    cross join run
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
        running_sums.store_count,
        spans.began_at as _loaded_at
    from running_sums
    inner join spans
        on
            running_sums.is_changed = spans.is_changed
            and running_sums.first_number = spans.first_number
            and running_sums.last_number = spans.last_number
    where running_sums.last_transaction_date is not null
)

select
    *,
    {{ activity_status() }} as activity_status
from features
