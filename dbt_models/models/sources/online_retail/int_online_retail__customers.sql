-- One row per invoice of a customer: there is no customer table, but each invoice
-- says where the customer lived then.
with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
)

select
    customer_id as source_customer_id,
    -- Two in one minute happen; which was first, nobody can say.
    min(country) as country,
    invoiced_at as valid_from
from invoice_lines
where customer_id is not null
group by customer_id, invoiced_at
