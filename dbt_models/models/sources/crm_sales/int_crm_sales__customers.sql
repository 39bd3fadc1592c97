-- One row per version of a company; one that only the pipeline names is a customer too.
with

accounts as (
    select * from {{ ref('stg_crm_sales__accounts') }}
),

opportunities as (
    select * from {{ ref('stg_crm_sales__opportunities') }}
),

companies as (
    select account_id from accounts
    union
    select account_id from opportunities
    where account_id is not null
)

select
    companies.account_id as source_customer_id,
    'company' as customer_type,
    accounts.country,
    accounts._known_at as valid_from
from companies
left join accounts on companies.account_id = accounts.account_id
