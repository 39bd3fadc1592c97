-- What became known of a transaction on one day. Those of a customer are made anew when
-- anything of them is; so are those of nobody known.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unique_key=[
        'customer_key',
        'transaction_key',
        'transaction_date',
        'source_store_id',
        'known_date',
    ],
    on_schema_change='fail',
    pre_hook="{{ forget_changed_customers() }}",
) }}

with

run as (
    select * from {{ ref('int_as_of_date') }}
),

transactions as (
    select * from {{ ref('fct_transactions') }}
),

changed_customers as (
    {{ changed_customers() }}
),

baskets as (
    select
        transactions.customer_key,
        transactions.transaction_key,
        transactions.transaction_date,
        transactions.source_store_id,
        transactions.known_date,
        {{ bool_or("transactions.line_type = 'sale'") }} as is_sale,
        cast(sum(transactions.net_amount) as decimal(18, 4)) as net_amount,
        -- Where no source says it, it is null.
        cast(coalesce(sum(transactions.discount_amount), 0) as decimal(18, 4))
            as discount_amount,
        cast(
            sum(
                case
                    when transactions.is_return then -transactions.net_amount
                    else 0
                end
            ) as decimal(18, 4)
        ) as return_amount
    from transactions
    inner join changed_customers
        on transactions.customer_key = changed_customers.customer_key
    group by
        transactions.customer_key,
        transactions.transaction_key,
        transactions.transaction_date,
        transactions.source_store_id,
        transactions.known_date
)

select
    baskets.*,
    run.began_at as _loaded_at
from baskets
cross join run
