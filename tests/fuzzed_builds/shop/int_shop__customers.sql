select
    member as source_customer_id,
    'person' as customer_type,
    country,
    _known_at as valid_from
from {{ ref('stg_shop__members') }}
