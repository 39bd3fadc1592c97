-- The sale that a return undoes: the latest one before it to the same customer, of the
-- same product at the same price, and of at least as many units. Several returns may
-- undo parts of one sale, in order of time, until they come to more units than it had:
-- those beyond undo no sale that is known.
with

lines as (
    select * from {{ ref('int_transactions') }}
),

candidates as (
    select
        returned.source_system,
        returned.source_line_id,
        returned.transaction_at,
        -returned.quantity as returned_quantity,
        sales.source_line_id as returned_source_line_id,
        sales.quantity as sold_quantity,
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
            and returned.unit_price is not distinct from sales.unit_price
            and returned.transaction_at >= sales.transaction_at
            and -returned.quantity <= sales.quantity
    where
        returned.line_type = 'return'
        and sales.line_type = 'sale'
),

running_totals as (
    select
        *,
        sum(returned_quantity) over (
            partition by source_system, returned_source_line_id
            order by transaction_at asc, source_line_id asc
            rows between unbounded preceding and current row
        ) as returned_so_far
    from candidates
    where sale_rank = 1
)

select
    source_system,
    source_line_id,
    returned_source_line_id
from running_totals
where returned_so_far <= sold_quantity
