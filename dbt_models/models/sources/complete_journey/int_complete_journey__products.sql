with

products as (
    select * from {{ ref('stg_complete_journey__products') }}
)

select
    product_id as source_product_id,
    product_type as product_name,
    department,
    product_category,
    product_type,
    brand,
    manufacturer_id,
    package_size,
    _known_at as known_at
from products
