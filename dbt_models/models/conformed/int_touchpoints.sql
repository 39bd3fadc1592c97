with

touchpoints as (
    {{ union_sources('touchpoints') }}
),

priced as (
    select
        *,
        {{ source_fact('exchange_rate', 'decimal(18, 6)') }} as exchange_rate
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
    {{ in_base_currency('cost_amount') }} as cost_amount,
    touchpoint_at,
    coalesce({{ business_date('touchpoint_at') }}, touchpoint_date) as touchpoint_date,
    known_at
from priced
