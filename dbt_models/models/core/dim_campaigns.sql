with

campaigns as (
    select * from {{ ref('int_campaigns') }}
),

known_campaigns as (
    select
        {{ surrogate_key(['source_system', 'source_campaign_id']) }} as campaign_key,
        source_system,
        source_campaign_id,
        campaign_name,
        campaign_type,
        start_date,
        end_date,
        coupon_count,
        product_count
    from campaigns
),

unknown_campaign as (
    select
        {{ unknown_key() }} as campaign_key,
        'unknown' as source_system,
        'unknown' as source_campaign_id,
        'unknown' as campaign_name,
        cast(null as varchar) as campaign_type,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as integer) as coupon_count,
        cast(null as integer) as product_count
)

select * from known_campaigns
union all
select * from unknown_campaign
