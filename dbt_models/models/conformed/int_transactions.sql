-- A view: to write it down would take longer than all that is read from it.
{{ config(materialized='view') }}

with

lines as (
    {{ union_sources('transactions', derived=[
        'currency_code', 'source_net_amount', 'transaction_date'
    ]) }}
),

priced as (
    select
        *,
        {{ source_fact('currency', 'varchar') }} as currency_code,
        {{ source_fact('exchange_rate', 'decimal(18, 6)') }} as exchange_rate
    from lines
)

select
    source_system,
    source_transaction_id,
    source_line_id,
    source_customer_id,
    source_product_id,
    source_store_id,
    line_type,
    quantity,
    {{ in_base_currency('unit_price') }} as unit_price,
    {{ in_base_currency('gross_amount') }} as gross_amount,
    {{ in_base_currency('discount_amount') }} as discount_amount,
    {{ in_base_currency('net_amount') }} as net_amount,
    currency_code,
    net_amount as source_net_amount,
    transaction_at,
    {{ business_date('transaction_at') }} as transaction_date,
    known_at,
    last_load_id
from priced
