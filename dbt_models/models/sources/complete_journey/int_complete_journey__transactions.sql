with

transactions as (
    select * from {{ ref('stg_complete_journey__transactions') }}
),

lines as (
    select
        -- ids
        basket_id as source_transaction_id,
        line_id as source_line_id,
        household_id as source_customer_id,
        product_id as source_product_id,
        store_id as source_store_id,

        'sale' as line_type,

        -- amounts
        quantity,
        -- sales_value is what the retailer received: its own discounts are taken
        -- off, the manufacturer's coupon is not, because the manufacturer pays it.
        sales_value + card_discount + matched_coupon_discount as gross_amount,
        card_discount + matched_coupon_discount as discount_amount,
        sales_value as net_amount,

        -- times
        transaction_at,
        _known_at as known_at,
        _last_load_id as last_load_id
    from transactions
)

select * from lines
