with

customers as (
    select * from {{ ref('dim_customers') }}
),

contacts as (
    select * from {{ ref('int_contacts') }}
),

consent_sources as (
    select * from {{ ref('int_consent_sources') }}
)

select
    customers.customer_key,
    customers.customer_id,
    contacts.contact_name,
    contacts.email,
    contacts.phone,
    contacts.street,
    contacts.postal_code,
    contacts.city,
    -- No answer is a no, but only where the source asks.
    case
        when consent_sources.source_system is not null
            then coalesce(contacts.may_be_contacted, false)
    end as may_be_contacted
from customers
left join contacts
    on
        customers.source_system = contacts.source_system
        and customers.source_customer_id = contacts.source_customer_id
left join consent_sources
    on customers.source_system = consent_sources.source_system
where customers.customer_key <> {{ unknown_key() }}
