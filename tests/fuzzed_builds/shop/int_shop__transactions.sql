select
    line_id as source_line_id,
    _last_load_id as last_load_id,
    line as source_transaction_id,
    member as source_customer_id,
    article as source_product_id,
    case when pieces < 0 then 'return' else 'sale' end as line_type,
    pieces as quantity,
    amount as net_amount,
    sold_at as transaction_at,
    _known_at as known_at
from {{ ref('stg_shop__lines') }}
where coalesce(note, '') <> 'void'
