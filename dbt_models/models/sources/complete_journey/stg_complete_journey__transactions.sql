-- A table: many models read it, and finding the newest rows is work.
{{ config(materialized='incremental', unique_key='line_id') }}

with

source_rows as (
    {{ newest_rows('complete_journey', 'transactions') }}
),

renamed as (
    select
        -- ids
        _row_id as line_id,
        cast(household_id as varchar) as household_id,
        cast(basket_id as varchar) as basket_id,
        cast(product_id as varchar) as product_id,
        cast(store_id as varchar) as store_id,

        -- amounts
        quantity,
        sales_value,
        coalesce(retail_disc, 0) as card_discount,
        coalesce(coupon_disc, 0) as manufacturer_coupon_discount,
        coalesce(coupon_match_disc, 0) as matched_coupon_discount,

        -- times
        transaction_timestamp as transaction_at,
        _known_at,
        _last_load_id
    from source_rows
)

select * from renamed
