select
    receipt as source_transaction_id,
    line_id as source_line_id,
    member as source_customer_id,
    case when amount < 0 then 'return' else 'sale' end as line_type,
    amount as net_amount,
    sold_at as transaction_at,
    _known_at as known_at,
    _last_load_id as last_load_id
from {{ ref('stg_corner_shop__receipts') }}
