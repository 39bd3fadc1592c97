with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
)

select
    -- ids
    invoice_id as source_transaction_id,
    line_id as source_line_id,
    customer_id as source_customer_id,
    article_id as source_product_id,

    -- Negative pieces on no cancellation are stock written off, bad debt is no sale.
    case
        when is_cancellation then 'return'
        when is_bad_debt or quantity < 0 then 'adjustment'
        else 'sale'
    end as line_type,

    -- amounts; the price is what the customer pays, discounts are not told
    quantity,
    unit_price,
    quantity * unit_price as gross_amount,
    0 as discount_amount,
    quantity * unit_price as net_amount,

    -- times
    invoiced_at as transaction_at,
    _known_at as known_at,
    _last_load_id as last_load_id
from invoice_lines
