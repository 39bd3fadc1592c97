-- Every version that was delivered, not only the newest: customers have a history.
with

source_rows as (
    {{ row_versions('telco', 'demographics') }}
),

renamed as (
    select
        "Customer ID" as customer_id,
        "Gender" as gender,
        "Age" as age_years,
        "Married" as is_married,
        "Number of Dependents" as dependent_count,
        _known_at
    from source_rows
)

select * from renamed
