with

products as (
    {{ union_sources('products') }}
)

select
    source_system,
    source_product_id,
    product_name,
    department,
    product_category,
    product_type,
    brand,
    manufacturer_id,
    package_size,
    known_at
from products
