-- A customer whose digest is what it was has the features that he had, at dates that
-- were made before. It is compared, not tracked: whatever moves a line from one customer
-- to another, or takes it away, is seen.
{{ config(
    materialized='incremental',
    unique_key='customer_key',
    on_schema_change='fail',
    post_hook=["{{ forget_lost_customers(ref('fct_transactions')) }}", "{{ measure() }}"],
) }}

with

run as (
    select * from {{ ref('int_as_of_date') }}
),

transactions as (
    select * from {{ ref('fct_transactions') }}
),

product_history as (
    select * from {{ ref('dim_products_history') }}
),

products as (
    select
        product_key,
        {{ digest_of_rows(['version_number', 'department', 'known_at']) }}
            as history_digest
    from product_history
    group by product_key
),

lines as (
    select
        transactions.*,
        {{ bought_product('transactions') }} as bought_product_key
    from transactions
    where transactions.customer_key <> {{ unknown_key() }}
),

histories as (
    select
        lines.customer_key,
        {{ digest_of_rows([
            'lines.transaction_key',
            'lines.bought_product_key',
            'products.history_digest',
            'lines.source_store_id',
            'lines.line_type',
            'lines.transaction_date',
            'lines.known_at',
            'lines.net_amount',
            'lines.discount_amount',
        ]) }} as history_digest
    from lines
    left join products on lines.bought_product_key = products.product_key
    group by lines.customer_key
)

select
    histories.customer_key,
    histories.history_digest,
    run.began_at as _loaded_at
from histories
cross join run
{% if is_incremental() %}
left join {{ this }} as built on histories.customer_key = built.customer_key
where built.history_digest is distinct from histories.history_digest
{% endif %}
