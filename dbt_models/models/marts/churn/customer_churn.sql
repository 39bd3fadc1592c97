with

features as (
    select * from {{ ref('customer_features') }}
),

scores as (
    select * from {{ source('learned', 'churn_scores') }}
),

model as (
    select * from {{ source('learned', 'churn_model') }}
),

grades as (
    select * from {{ ref('model_grades') }}
),

scored as (
    select
        features.*,
        scores.churn_probability,
        model.churn_rate,
        scores.reason_1,
        scores.reason_2,
        scores.reason_3
    from features
    cross join model
    left join scores on features.customer_key = scores.customer_key
    where features.is_latest
)

select
    scored.customer_key,
    scored.customer_id,
    scored.as_of_date,
    scored.activity_status,
    scored.last_transaction_date,
    scored.days_since_last_transaction,
    scored.average_interval_days,
    scored.churn_probability,
    case
        when {{ odds_are_at_least(var('churn_high_risk_odds')) }} then 'high'
        when {{ odds_are_at_least(var('churn_medium_risk_odds')) }} then 'medium'
        when scored.churn_probability is not null then 'low'
    end as churn_risk,
    cast(
        scored.churn_probability
        * greatest(cast(scored.net_amount as double), 0) as decimal(18, 2)
    ) as value_at_stake_amount,
    {{ churn_reason('scored.reason_1') }} as reason_1,
    {{ churn_reason('scored.reason_2') }} as reason_2,
    {{ churn_reason('scored.reason_3') }} as reason_3,
    case
        when scored.churn_probability is not null then grades.beats_baseline
    end as beats_baseline
from scored
left join grades on grades.model_name = 'churn'
