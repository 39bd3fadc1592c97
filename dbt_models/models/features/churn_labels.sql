with

transactions as (
    select * from {{ ref('fct_transactions') }}
),

features as (
    select * from {{ ref('customer_features') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

-- Keys are hashes: the first customers by key are customers at random.
learnt_customers as (
    select customer_key
    from customers
    where customer_key <> {{ unknown_key() }}
    order by customer_key
    limit {{ var('churn_training_customers') }}
),

-- Only dates whose horizon has passed: what is not over is nobody's loss yet.
horizons as (
    select
        features.customer_key,
        features.customer_id,
        features.as_of_date,
        features.activity_status,
        cast(
            {{ dateadd('day', var('churn_horizon_days'), 'features.as_of_date') }}
            as date
        ) as horizon_end_date
    from features
    cross join as_of_date
    where
        {{ dateadd('day', var('churn_horizon_days'), 'features.as_of_date') }}
        <= as_of_date.as_of_date
),

sale_days as (
    select distinct
        customer_key,
        transaction_date
    from transactions
    where line_type = 'sale' and customer_key <> {{ unknown_key() }}
),

-- A sale on the date itself is before the horizon, so it sorts before the date.
moments as (
    select
        customer_key,
        transaction_date as moment_date,
        0 as is_date,
        transaction_date
    from sale_days
    union all
    select
        customer_key,
        as_of_date as moment_date,
        1 as is_date,
        cast(null as date) as transaction_date
    from horizons
),

next_sales as (
    select
        customer_key,
        moment_date,
        is_date,
        min(transaction_date) over (
            partition by customer_key
            order by moment_date, is_date
            rows between current row and unbounded following
        ) as next_transaction_date
    from moments
)

select
    horizons.customer_key,
    horizons.customer_id,
    horizons.as_of_date,
    {{ var('churn_horizon_days') }} as horizon_days,
    horizons.horizon_end_date,
    next_sales.next_transaction_date,
    coalesce(
        next_sales.next_transaction_date > horizons.horizon_end_date, true
    ) as is_churned,
    horizons.activity_status = 'active'
    and learnt_customers.customer_key is not null as is_example
from horizons
inner join next_sales
    on
        horizons.customer_key = next_sales.customer_key
        and horizons.as_of_date = next_sales.moment_date
        and next_sales.is_date = 1
left join learnt_customers on horizons.customer_key = learnt_customers.customer_key
