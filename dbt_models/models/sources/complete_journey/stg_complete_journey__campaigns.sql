with

source_rows as (
    {{ newest_rows('complete_journey', 'campaigns') }}
),

renamed as (
    select
        cast(campaign_id as varchar) as campaign_id,
        cast(household_id as varchar) as household_id,
        _row_id as contact_id,
        _known_at
    from source_rows
)

select * from renamed
