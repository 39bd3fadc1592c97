with

members as (
    select * from {{ ref('customer_market_segments') }}
),

segment_names as (
    select * from {{ source('learned', 'market_segment_names') }}
),

features as (
    select * from {{ ref('customer_features') }}
),

profiles as (
    select
        members.market_segment_id,
        members.market_segment,
        members.as_of_date,
        count(*) as customer_count,
        sum(features.net_amount) as net_amount,
        avg(features.net_amount) as average_net_amount,
        avg(features.days_since_last_transaction)
            as average_days_since_last_transaction,
        avg(features.transaction_count) as average_transaction_count,
        sum(features.net_amount) / nullif(sum(features.transaction_count), 0)
            as average_transaction_amount,
        avg(features.department_count) as average_department_count,
        100.0 * sum(features.discount_amount)
        / nullif(sum(features.net_amount + features.discount_amount), 0)
            as discount_percent,
        100.0 * sum(features.recent_transaction_count)
        / nullif(sum(features.previous_transaction_count), 0)
        - 100 as transaction_trend_percent
    from members
    inner join features
        on
            members.customer_key = features.customer_key
            and members.as_of_date = features.as_of_date
    group by members.market_segment_id, members.market_segment, members.as_of_date
)

select
    profiles.market_segment_id,
    profiles.market_segment,
    segment_names.description,
    profiles.as_of_date,
    cast(
        row_number() over (
            order by profiles.average_net_amount desc, profiles.market_segment_id asc
        ) as integer
    ) as value_rank,
    profiles.customer_count,
    cast(
        100.0 * profiles.customer_count / sum(profiles.customer_count) over ()
        as decimal(9, 2)
    ) as customer_percent,
    cast(profiles.net_amount as decimal(38, 4)) as net_amount,
    cast(
        100.0 * profiles.net_amount / nullif(sum(profiles.net_amount) over (), 0)
        as decimal(9, 2)
    ) as net_amount_percent,
    cast(profiles.average_net_amount as decimal(18, 2)) as average_net_amount,
    cast(profiles.average_transaction_count as decimal(18, 2))
        as average_transaction_count,
    cast(profiles.average_transaction_amount as decimal(18, 2))
        as average_transaction_amount,
    cast(profiles.average_days_since_last_transaction as decimal(18, 1))
        as average_days_since_last_transaction,
    cast(profiles.average_department_count as decimal(18, 1))
        as average_department_count,
    cast(profiles.discount_percent as decimal(18, 1)) as discount_percent,
    cast(profiles.transaction_trend_percent as decimal(18, 1))
        as transaction_trend_percent,
    segment_names.is_new
from profiles
inner join segment_names
    on profiles.market_segment_id = segment_names.market_segment_id
