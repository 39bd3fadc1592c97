with

products as (
    select * from {{ ref('stg_crm_sales__products') }}
)

select
    product_id as source_product_id,
    product_id as product_name,
    series as department,
    _known_at as known_at
from products
