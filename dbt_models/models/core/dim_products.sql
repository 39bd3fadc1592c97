with

products as (
    select * from {{ ref('int_products') }}
),

known_products as (
    select
        {{ surrogate_key(['source_system', 'source_product_id']) }} as product_key,
        source_system,
        source_product_id,
        product_name,
        department,
        product_category,
        product_type,
        brand,
        manufacturer_id,
        package_size
    from products
),

unknown_product as (
    select
        {{ unknown_key() }} as product_key,
        'unknown' as source_system,
        'unknown' as source_product_id,
        'unknown' as product_name,
        cast(null as varchar) as department,
        cast(null as varchar) as product_category,
        cast(null as varchar) as product_type,
        cast(null as varchar) as brand,
        cast(null as varchar) as manufacturer_id,
        cast(null as varchar) as package_size
)

select * from known_products
union all
select * from unknown_product
