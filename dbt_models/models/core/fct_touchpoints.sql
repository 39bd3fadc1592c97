with

touchpoints as (
    select
        *,
        coalesce(
            touchpoint_at,
            {{ start_of_business_date('touchpoint_date') }},
            known_at,
            {{ beginning_of_time() }}
        ) as moment
    from {{ ref('int_touchpoints') }}
),

customer_versions as (
    select * from {{ ref('dim_customers_history') }}
),

campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
)

select
    -- keys
    {{ surrogate_key([
        'touchpoints.source_system', 'touchpoints.source_touchpoint_id'
    ]) }} as touchpoint_key,
    coalesce(customer_versions.customer_key, {{ unknown_key() }}) as customer_key,
    coalesce(customer_versions.customer_version_key, {{ unknown_key() }})
        as customer_version_key,
    coalesce(campaigns.campaign_key, {{ unknown_key() }}) as campaign_key,
    coalesce(channels.channel_key, {{ unknown_key() }}) as channel_key,
    coalesce(
        cast({{ date_key('touchpoints.touchpoint_date') }} as integer),
        {{ unknown_key() }}
    ) as date_key,

    -- what the source calls them
    touchpoints.source_system,
    touchpoints.source_touchpoint_id,
    touchpoints.source_customer_id,
    touchpoints.source_campaign_id,

    -- what it was
    touchpoints.direction,
    touchpoints.touchpoint_type,
    touchpoints.reaction,
    touchpoints.cost_amount,

    -- times
    touchpoints.touchpoint_at,
    touchpoints.touchpoint_date,
    touchpoints.known_at
from touchpoints
left join customer_versions
    on
        touchpoints.source_system = customer_versions.source_system
        and touchpoints.source_customer_id = customer_versions.source_customer_id
        and touchpoints.moment >= customer_versions.valid_from
        and touchpoints.moment < customer_versions.valid_to
left join campaigns
    on
        touchpoints.source_system = campaigns.source_system
        and touchpoints.source_campaign_id = campaigns.source_campaign_id
left join channels on touchpoints.channel = channels.channel
