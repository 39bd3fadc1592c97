with

features as (
    select * from {{ ref('customer_features') }}
),

customer_days as (
    select * from {{ ref('customer_days') }}
),

tiers as (
    select * from {{ ref('loyalty_tiers') }}
),

latest as (
    select * from features
    where is_latest
),

-- The months in which a customer could have come back: those after the first purchase,
-- as far as they are in the window, up to the one of as_of_date.
months as (
    select
        latest.customer_key,
        count(
            distinct case
                when
                    {{ datediff(
                        'latest.first_transaction_date',
                        'customer_days.transaction_date',
                        'month'
                    ) }} > 0
                    then {{ date_trunc('month', 'customer_days.transaction_date') }}
            end
        ) as repeat_month_count
    from latest
    inner join customer_days on latest.customer_key = customer_days.customer_key
    where
        customer_days.purchase_day_count > 0
        and customer_days.transaction_date <= latest.as_of_date
        and {{ datediff(
            'customer_days.transaction_date', 'latest.as_of_date', 'month'
        ) }} < {{ var('loyalty_window_months') }}
    group by latest.customer_key
),

measured as (
    select
        latest.*,
        cast(
            1.0 * coalesce(months.repeat_month_count, 0)
            / nullif(
                least(
                    {{ datediff(
                        'latest.first_transaction_date', 'latest.as_of_date', 'month'
                    ) }},
                    {{ var('loyalty_window_months') }}
                ),
                0
            ) as decimal(9, 4)
        ) as repeat_rate,
        -- One interval is as regular as can be and shows nothing.
        case
            when latest.purchase_day_count > 2
                then
                    latest.average_interval_days
                    / nullif(
                        latest.average_interval_days + latest.interval_deviation_days, 0
                    )
        end as interval_regularity,
        1.0 * (latest.recent_transaction_count - latest.previous_transaction_count)
        / nullif(latest.recent_transaction_count + latest.previous_transaction_count, 0)
            as purchase_trend
    from latest
    left join months on latest.customer_key = months.customer_key
),

-- Rules may overlap; the one of the lowest priority number holds.
tiered as (
    select
        measured.*,
        tiers.loyalty_tier,
        row_number() over (
            partition by measured.customer_key order by tiers.priority
        ) as rule_rank
    from measured
    left join tiers
        on
            measured.tenure_days >= tiers.tenure_days_from
            and coalesce(measured.repeat_rate, 0) >= tiers.repeat_rate_from
            and measured.transaction_count >= tiers.transaction_count_from
            and measured.days_since_last_transaction
            <= tiers.days_since_last_transaction_to
)

select
    customer_key,
    customer_id,
    as_of_date,
    loyalty_tier,
    lifetime_transaction_count > 1 as is_repeat_customer,
    repeat_rate,
    average_interval_days,
    interval_regularity,
    tenure_days,
    days_since_last_transaction,
    transaction_count,
    department_count,
    product_count,
    store_count,
    purchase_trend
from tiered
where rule_rank = 1
