-- Every version that was delivered, not only the newest: customers have a history.
with

source_rows as (
    {{ row_versions('complete_journey', 'demographics') }}
),

renamed as (
    select
        cast(household_id as varchar) as household_id,
        age as age_band,
        income as income_band,
        home_ownership,
        marital_status,
        household_size,
        household_comp as household_composition,
        kids_count as child_count,
        _known_at
    from source_rows
)

select * from renamed
