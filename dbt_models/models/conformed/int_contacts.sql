with

contacts as (
    {{ union_sources('contacts') }}
)

select
    source_system,
    source_customer_id,
    contact_name,
    email,
    phone,
    street,
    postal_code,
    city,
    may_be_contacted
from contacts
