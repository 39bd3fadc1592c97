with

source_rows as (
    {{ newest_rows('complete_journey', 'coupon_redemptions') }}
),

renamed as (
    select
        _row_id as redemption_id,
        cast(household_id as varchar) as household_id,
        cast(coupon_upc as varchar) as coupon_id,
        cast(campaign_id as varchar) as campaign_id,
        redemption_date,
        _known_at
    from source_rows
)

select * from renamed
