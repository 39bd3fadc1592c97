with

source_rows as (
    {{ newest_rows('complete_journey', 'products') }}
),

renamed as (
    select
        cast(product_id as varchar) as product_id,
        cast(manufacturer_id as varchar) as manufacturer_id,
        department,
        product_category,
        product_type,
        brand,
        package_size
    from source_rows
)

select * from renamed
