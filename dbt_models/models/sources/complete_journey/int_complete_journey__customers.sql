-- One row per version of a household. Most households never told about themselves
-- and are known from their purchases only.
with

demographics as (
    select * from {{ ref('stg_complete_journey__demographics') }}
),

transactions as (
    select * from {{ ref('stg_complete_journey__transactions') }}
),

households as (
    select household_id from demographics
    union
    select household_id from transactions
)

select
    households.household_id as source_customer_id,
    'household' as customer_type,
    demographics.age_band,
    demographics.income_band,
    demographics.home_ownership,
    demographics.marital_status,
    demographics.household_size,
    demographics.household_composition,
    demographics.child_count,
    demographics._known_at as valid_from
from households
left join demographics on households.household_id = demographics.household_id
