select
    member as source_customer_id,
    'person' as customer_type,
    min(sold_at) as valid_from
from {{ ref('stg_corner_shop__receipts') }}
where member is not null
group by member
