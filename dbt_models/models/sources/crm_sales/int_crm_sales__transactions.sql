-- What was won is a sale of one unit on the day it was closed. The source knows days
-- only, and its day is the business date in whatever zone.
with

opportunities as (
    select * from {{ ref('stg_crm_sales__opportunities') }}
),

products as (
    select * from {{ ref('stg_crm_sales__products') }}
),

price_list as (
    select
        product_id,
        list_price,
        row_number() over (
            partition by product_id order by _known_at asc
        ) as version_number,
        _known_at as valid_from,
        coalesce(
            lead(_known_at) over (partition by product_id order by _known_at asc),
            {{ end_of_time() }}
        ) as valid_to
    from products
),

deals as (
    select
        *,
        {{ start_of_business_date('close_date') }} as closed_at
    from opportunities
    where opportunity_status = 'won'
),

-- A product that is not on the list was sold at its price.
priced as (
    select
        deals.*,
        greatest(
            deals.close_value, coalesce(price_list.list_price, deals.close_value)
        ) as gross_amount
    from deals
    left join price_list
        on
            deals.product_id = price_list.product_id
            -- Of the time before the first list nothing is known but that list.
            and (
                price_list.version_number = 1
                or deals.closed_at >= price_list.valid_from
            )
            and deals.closed_at < price_list.valid_to
)

select
    -- ids
    opportunity_id as source_transaction_id,
    opportunity_id as source_line_id,
    account_id as source_customer_id,
    product_id as source_product_id,

    'sale' as line_type,

    -- amounts; below the list price is a discount, above it there is none
    1 as quantity,
    gross_amount as unit_price,
    gross_amount,
    gross_amount - close_value as discount_amount,
    close_value as net_amount,

    -- times
    closed_at as transaction_at,
    _known_at as known_at
from priced
