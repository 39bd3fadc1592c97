with

customers as (
    select * from {{ ref('dim_customers') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

features as (
    select * from {{ ref('customer_features') }}
),

churn as (
    select * from {{ ref('customer_churn') }}
),

market_segments as (
    select * from {{ ref('customer_market_segments') }}
),

loyalty as (
    select * from {{ ref('customer_loyalty') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

latest_features as (
    select * from features
    where is_latest
),

contacts as (
    select
        touchpoints.customer_key,
        count(
            case when touchpoints.direction = 'outbound' then 1 end
        ) as contact_count,
        count(
            case when touchpoints.reaction = 'responded' then 1 end
        ) as response_count,
        count(
            case when touchpoints.direction = 'inbound' then 1 end
        ) as inbound_contact_count,
        max(
            case
                when touchpoints.direction = 'outbound'
                    then touchpoints.touchpoint_date
            end
        ) as last_contact_date
    from touchpoints
    cross join as_of_date
    where
        touchpoints.touchpoint_date is null
        or touchpoints.touchpoint_date <= as_of_date.as_of_date
    group by touchpoints.customer_key
)

select
    customers.customer_key,
    customers.customer_id,
    as_of_date.as_of_date,
    customers.customer_type,
    customers.country,

    -- what they bought
    rfm.first_transaction_date,
    rfm.last_transaction_date,
    rfm.days_since_last_transaction,
    rfm.transaction_count,
    rfm.net_amount,
    rfm.average_transaction_amount,
    latest_features.lifetime_transaction_count,
    latest_features.lifetime_net_amount,

    -- who they are to us
    rfm.rfm_segment,
    rfm.recency_score,
    rfm.frequency_score,
    rfm.monetary_score,
    market_segments.market_segment,
    loyalty.loyalty_tier,
    loyalty.repeat_rate,
    loyalty.tenure_days,

    -- what may come
    churn.activity_status,
    churn.churn_probability,
    churn.churn_risk,
    churn.value_at_stake_amount,
    churn.reason_1 as churn_reason,

    -- what passed between us
    coalesce(contacts.contact_count, 0) as contact_count,
    coalesce(contacts.response_count, 0) as response_count,
    coalesce(contacts.inbound_contact_count, 0) as inbound_contact_count,
    contacts.last_contact_date
from customers
cross join as_of_date
left join rfm on customers.customer_key = rfm.customer_key
left join latest_features on customers.customer_key = latest_features.customer_key
left join churn on customers.customer_key = churn.customer_key
left join market_segments
    on customers.customer_key = market_segments.customer_key
left join loyalty on customers.customer_key = loyalty.customer_key
left join contacts on customers.customer_key = contacts.customer_key
where customers.customer_key <> {{ unknown_key() }}
