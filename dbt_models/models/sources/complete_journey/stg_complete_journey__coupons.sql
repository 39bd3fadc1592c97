with

source_rows as (
    {{ newest_rows('complete_journey', 'coupons') }}
),

renamed as (
    select
        cast(coupon_upc as varchar) as coupon_id,
        cast(campaign_id as varchar) as campaign_id,
        cast(product_id as varchar) as product_id
    from source_rows
)

select * from renamed
