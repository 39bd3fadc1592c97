with

campaigns as (
    {{ union_sources('campaigns') }}
)

select
    source_system,
    source_campaign_id,
    campaign_name,
    campaign_type,
    start_date,
    end_date,
    coupon_count,
    product_count
from campaigns
