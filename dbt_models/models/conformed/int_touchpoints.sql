with

touchpoints as (
    {{ union_sources('touchpoints') }}
),

dated as (
    select
        *,
        {{ source_fact('exchange_rate', 'decimal(18, 6)') }} as exchange_rate,
        coalesce(
            touchpoint_at, {{ start_of_business_date('touchpoint_date') }}
        ) as moment
    from touchpoints
)

select
    source_system,
    source_touchpoint_id,
    source_customer_id,
    source_campaign_id,
    channel,
    direction,
    touchpoint_type,
    reaction,
    cast(cost_amount * exchange_rate as decimal(18, 4)) as cost_amount,
    touchpoint_at,
    {{ business_date('moment') }} as touchpoint_date,
    known_at
from dated
