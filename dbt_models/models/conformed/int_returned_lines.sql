-- The sale that a return undoes: the latest one before it to the same customer, of the
-- same product at the same price, and of at least as many units. Several returns may
-- undo parts of one sale.
with

lines as (
    select * from {{ ref('int_transactions') }}
),

candidates as (
    select
        returned.source_system,
        returned.source_line_id,
        sales.source_line_id as returned_source_line_id,
        row_number() over (
            partition by returned.source_system, returned.source_line_id
            order by sales.transaction_at desc, sales.source_line_id asc
        ) as sale_rank
    from lines as returned
    inner join lines as sales
        on
            returned.source_system = sales.source_system
            and returned.source_customer_id = sales.source_customer_id
            and returned.source_product_id = sales.source_product_id
            and returned.unit_price = sales.unit_price
            and returned.transaction_at >= sales.transaction_at
            and -returned.quantity <= sales.quantity
    where
        returned.line_type = 'return'
        and sales.line_type = 'sale'
)

select
    source_system,
    source_line_id,
    returned_source_line_id
from candidates
where sale_rank = 1
