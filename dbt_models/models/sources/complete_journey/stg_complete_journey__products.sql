-- Every version that was delivered: features go by what a product was then.
with

source_rows as (
    {{ row_versions('complete_journey', 'products') }}
),

renamed as (
    select
        cast(product_id as varchar) as product_id,
        cast(manufacturer_id as varchar) as manufacturer_id,
        department,
        product_category,
        product_type,
        brand,
        package_size,
        _known_at
    from source_rows
)

select * from renamed
