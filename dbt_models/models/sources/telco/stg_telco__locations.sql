-- Every version that was delivered, not only the newest: customers have a history.
with

source_rows as (
    {{ row_versions('telco', 'locations') }}
),

renamed as (
    select
        "Customer ID" as customer_id,
        "Country" as country,
        "State" as state,
        "City" as city,
        "Zip Code" as zip_code,
        "Latitude" as latitude,
        "Longitude" as longitude,
        _known_at
    from source_rows
)

select * from renamed
