-- Whose lines are all those of the last build, and their products as they were, has the
-- features that he had, at dates that were made before. It is compared, not tracked: a
-- line that went to another customer, or is gone, changes the digest as a new one does.
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
        {{ digest_of_rows(['product_history']) }} as history_digest
    from product_history
    group by product_key
),

histories as (
    select
        transactions.customer_key,
        {{ digest_of_rows([
            'transactions.transaction_line_key',
            'transactions._loaded_at',
            'products.history_digest',
        ]) }} as _loaded_digest
    from transactions
    left join products on transactions.product_key = products.product_key
    group by transactions.customer_key
)

select
    histories.customer_key,
    histories._loaded_digest,
    run.began_at as _loaded_at
from histories
cross join run
{% if is_incremental() %}
left join {{ this }} as built on histories.customer_key = built.customer_key
where built._loaded_digest is distinct from histories._loaded_digest
{% endif %}
