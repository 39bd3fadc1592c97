with

versions as (
    select * from {{ ref('dim_customers_history') }}
)

select
    customer_key,
    customer_version_key,
    customer_id,
    source_system,
    source_customer_id,
    customer_type,
    country,
    age_band,
    income_band,
    home_ownership,
    marital_status,
    household_size,
    household_composition,
    child_count
from versions
where is_current
