with

versions as (
    select * from {{ ref('dim_products_history') }}
)

select
    product_key,
    product_version_key,
    source_system,
    source_product_id,
    product_name,
    department,
    product_category,
    product_type,
    brand,
    manufacturer_id,
    package_size
from versions
where is_current
