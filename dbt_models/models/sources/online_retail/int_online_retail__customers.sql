-- One row per invoice of a customer: there is no customer table, but each invoice
-- says where the customer lived then.
with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
)

select distinct
    customer_id as source_customer_id,
    country,
    invoiced_at as valid_from
from invoice_lines
where customer_id is not null
