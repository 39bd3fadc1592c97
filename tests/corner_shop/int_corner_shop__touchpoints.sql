select
    call as source_touchpoint_id,
    member as source_customer_id,
    'phone' as channel,
    'outbound' as direction,
    'sales' as touchpoint_type,
    cost as cost_amount,
    called_at as touchpoint_at,
    _known_at as known_at
from {{ ref('stg_corner_shop__calls') }}
