with

source_rows as (
    {{ newest_rows('complete_journey', 'campaign_descriptions') }}
),

renamed as (
    select
        cast(campaign_id as varchar) as campaign_id,
        campaign_type,
        start_date,
        end_date
    from source_rows
)

select * from renamed
