select
    article as source_product_id,
    title as product_name,
    nullif(title, 'Tea') as department,
    _known_at as known_at
from {{ ref('stg_shop__articles') }}
