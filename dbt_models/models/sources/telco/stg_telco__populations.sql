with

source_rows as (
    {{ newest_rows('telco', 'populations') }}
),

renamed as (
    select
        "Zip Code" as zip_code,
        "Population" as population
    from source_rows
)

select * from renamed
