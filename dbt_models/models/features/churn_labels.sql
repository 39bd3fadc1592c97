-- Each date of the grid looks ahead to the next purchase.
with

customer_days as (
    select * from {{ ref('customer_days') }}
),

features as (
    select * from {{ ref('customer_features') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

-- Keys are hashes: the first customers by key are customers at random.
learnt_customers as (
    select customer_key
    from features
    where is_latest
    order by customer_key
    limit {{ var('training_customers') }}
),

-- Only dates whose horizon has passed: what is not over is nobody's loss yet.
horizons as (
    select
        features.customer_key,
        features.customer_id,
        features.as_of_date,
        cast(
            {{ dateadd('day', var('churn_horizon_days'), 'features.as_of_date') }}
            as date
        ) as horizon_end_date,
        features.activity_status = 'active'
        and learnt_customers.customer_key is not null as is_example
    from features
    cross join as_of_date
    left join learnt_customers on features.customer_key = learnt_customers.customer_key
    where
        {{ dateadd('day', var('churn_horizon_days'), 'features.as_of_date') }}
        <= as_of_date.as_of_date
),

purchase_days as (
    select
        customer_key,
        transaction_date
    from customer_days
    where purchase_day_count > 0
),

-- A sale on the date itself is before the horizon.
next_sales as (
    select
        horizons.*,
        purchase_days.transaction_date as next_transaction_date
    from horizons
    {{ left_join_next(
        'purchase_days',
        on='horizons.customer_key = purchase_days.customer_key',
        after='horizons.as_of_date < purchase_days.transaction_date',
    ) }}
)

select
    customer_key,
    customer_id,
    as_of_date,
    {{ var('churn_horizon_days') }} as horizon_days,
    horizon_end_date,
    next_transaction_date,
    coalesce(next_transaction_date > horizon_end_date, true) as is_churned,
    is_example
from next_sales
