select
    line_id as source_line_id,
    _last_load_id as last_load_id,
    cast(line % 4 as varchar) as source_transaction_id,
    member as source_customer_id,
    article as source_product_id,
    nullif(note, '') as source_store_id,
    case when pieces < 0 then 'return' else 'sale' end as line_type,
    pieces as quantity,
    case when pieces <> 2 then 0.1 end as discount_amount,
    amount as net_amount,
    sold_at as transaction_at,
    _known_at as known_at
from {{ ref('stg_shop__lines') }}
where coalesce(note, '') <> 'void'
