with

lines as (
    {{ union_sources('transactions', derived=['transaction_date']) }}
)

select
    source_system,
    source_transaction_id,
    source_line_id,
    source_customer_id,
    source_product_id,
    source_store_id,
    quantity,
    gross_amount,
    discount_amount,
    net_amount,
    transaction_at,
    {{ business_date('transaction_at') }} as transaction_date,
    known_at
from lines
