with

campaigns as (
    select * from {{ ref('stg_complete_journey__campaign_descriptions') }}
),

coupons as (
    select * from {{ ref('stg_complete_journey__coupons') }}
),

offers as (
    select
        campaign_id,
        count(distinct coupon_id) as coupon_count,
        count(distinct product_id) as product_count
    from coupons
    group by campaign_id
)

select
    campaigns.campaign_id as source_campaign_id,
    'Campaign ' || campaigns.campaign_id as campaign_name,
    campaigns.campaign_type,
    campaigns.start_date,
    campaigns.end_date,
    offers.coupon_count,
    offers.product_count
from campaigns
left join offers on campaigns.campaign_id = offers.campaign_id
