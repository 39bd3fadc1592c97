with

versions as (
    {{ union_sources('customers', derived=['customer_id']) }}
)

select
    source_system,
    source_customer_id,
    -- Until identity resolution has run, one source customer is one person.
    source_system || ':' || source_customer_id as customer_id,
    customer_type,
    country,
    age_band,
    income_band,
    home_ownership,
    marital_status,
    household_size,
    household_composition,
    child_count,
    valid_from
from versions
