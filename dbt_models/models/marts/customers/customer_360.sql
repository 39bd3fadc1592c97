with

customers as (
    select * from {{ ref('dim_customers') }}
),

rfm as (
    select * from {{ ref('customer_rfm') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
)

select
    customers.customer_key,
    customers.customer_id,
    as_of_date.as_of_date,
    rfm.rfm_segment,
    rfm.net_amount,
    rfm.last_transaction_date
from customers
left join rfm on customers.customer_key = rfm.customer_key
cross join as_of_date
where customers.customer_key <> {{ unknown_key() }}
