-- What became known of a customer on a day, of each day: the buckets that features are
-- added up from. Those of a customer are made anew when anything of them is.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unique_key=['customer_key', 'transaction_date', 'known_date'],
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

customer_baskets as (
    select * from {{ ref('customer_baskets') }}
),

product_history as (
    select * from {{ ref('dim_products_history') }}
),

changed_customers as (
    select customer_key
    from ({{ changed_customers() }}) as customers
    where customer_key <> {{ unknown_key() }}
),

baskets as (
    select customer_baskets.*
    from customer_baskets
    inner join changed_customers
        on customer_baskets.customer_key = changed_customers.customer_key
),

-- A transaction counts from the day on which its first line was known.
sales as (
    select
        customer_key,
        transaction_key,
        transaction_date,
        min(known_date) as known_date
    from baskets
    where is_sale
    group by customer_key, transaction_key, transaction_date
),

purchase_days as (
    select
        customer_key,
        transaction_date,
        min(known_date) as known_date
    from sales
    group by customer_key, transaction_date
),

-- An interval counts once both its ends are known. A day that becomes known late makes
-- two of one; the one was in the features before, and both are in them from then on.
intervals as (
    select
        customer_key,
        transaction_date,
        greatest(
            known_date,
            lag(known_date) over (
                partition by customer_key order by transaction_date
            )
        ) as known_date,
        {{ datediff(
            'lag(transaction_date) over (
                partition by customer_key order by transaction_date
            )', 'transaction_date', 'day'
        ) }} as interval_days
    from purchase_days
),

-- Distinct counts are sums of first occurrences.
sold_lines as (
    select
        transactions.customer_key,
        -- A product is one of its own also while its source does not list it.
        case
            when
                transactions.product_key = {{ unknown_key() }}
                and transactions.source_product_id is not null
                then {{ surrogate_key([
                    'transactions.source_system',
                    'transactions.source_product_id',
                ]) }}
            else transactions.product_key
        end as product_key,
        transactions.known_date
    from transactions
    inner join changed_customers
        on transactions.customer_key = changed_customers.customer_key
    where transactions.line_type = 'sale'
),

first_products as (
    {{ first_occurrences('sold_lines', 'product_key') }}
),

product_versions as (
    select
        product_key,
        version_number,
        department,
        {{ business_date('known_at') }} as known_date
    from product_history
    where department is not null
),

-- The department of a product from one date to the next; of a date, the last one.
departments as (
    select
        product_key,
        department,
        known_date,
        min(known_date) over (partition by product_key) as first_known_date,
        lead(known_date, 1, cast({{ end_of_time() }} as date)) over (
            partition by product_key order by version_number
        ) as next_known_date
    from product_versions
),

-- The one it was sold in, or in which it was listed later.
sold_departments as (
    select
        first_products.customer_key,
        departments.department,
        greatest(first_products.known_date, departments.first_known_date) as known_date
    from first_products
    inner join departments
        on
            first_products.product_key = departments.product_key
            and greatest(first_products.known_date, departments.first_known_date)
            >= departments.known_date
            and greatest(first_products.known_date, departments.first_known_date)
            < departments.next_known_date
),

first_departments as (
    {{ first_occurrences('sold_departments', 'department') }}
),

sold_baskets as (
    select
        customer_key,
        source_store_id,
        known_date
    from baskets
    where is_sale
),

first_stores as (
    {{ first_occurrences('sold_baskets', 'source_store_id') }}
),

measures as (
    {{ day_measures('baskets', {
        'net_amount': 'net_amount',
        'discount_amount': 'discount_amount',
        'return_amount': 'return_amount',
    }) }}
    union all
    {{ day_measures('sales', {'transaction_count': 1}) }}
    union all
    {{ day_measures('purchase_days', {'purchase_day_count': 1}) }}
    union all
    {{ day_measures('intervals', {'interval_days': 'interval_days'}) }}
    union all
    {{ day_measures('first_products', {'product_count': 'count(*)'}) }}
    union all
    {{ day_measures('first_departments', {'department_count': 'count(*)'}) }}
    union all
    {{ day_measures('first_stores', {'store_count': 'count(*)'}) }}
),

added_up as (
    select
        customer_key,
        transaction_date,
        known_date,
        sum(transaction_count) as transaction_count,
        sum(net_amount) as net_amount,
        sum(discount_amount) as discount_amount,
        sum(return_amount) as return_amount,
        sum(purchase_day_count) as purchase_day_count,
        sum(interval_days) as interval_days,
        sum(product_count) as product_count,
        sum(department_count) as department_count,
        sum(store_count) as store_count
    from measures
    group by customer_key, transaction_date, known_date
)

select
    added_up.customer_key,
    added_up.transaction_date,
    added_up.known_date,
    cast(added_up.transaction_count as bigint) as transaction_count,
    cast(added_up.net_amount as decimal(18, 4)) as net_amount,
    cast(added_up.discount_amount as decimal(18, 4)) as discount_amount,
    cast(added_up.return_amount as decimal(18, 4)) as return_amount,
    cast(added_up.purchase_day_count as bigint) as purchase_day_count,
    cast(added_up.interval_days as bigint) as interval_days,
    cast(added_up.product_count as bigint) as product_count,
    cast(added_up.department_count as bigint) as department_count,
    cast(added_up.store_count as bigint) as store_count,
    run.began_at as _loaded_at
from added_up
cross join run
