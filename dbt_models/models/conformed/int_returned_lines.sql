-- The sale that a return undoes: the latest one before it to the same customer, of the
-- same product at the same price, and of at least as many units. Several returns may
-- undo parts of one sale, in order of time, until they come to more units than it had:
-- those beyond undo no sale that is known.
with

returns as (
    select *
    from {{ ref('int_transactions') }}
    where line_type = 'return'
),

returned_products as (
    select distinct
        source_system,
        source_customer_id,
        source_product_id
    from returns
),

-- Of the little that was brought back; most of what was sold is not looked at.
sales as (
    select sold_lines.*
    from {{ ref('int_transactions') }} as sold_lines
    inner join returned_products
        on
            sold_lines.source_system = returned_products.source_system
            and sold_lines.source_customer_id = returned_products.source_customer_id
            and sold_lines.source_product_id = returned_products.source_product_id
    where sold_lines.line_type = 'sale'
),

candidates as (
    select
        returns.source_system,
        returns.source_line_id,
        returns.transaction_at,
        -returns.quantity as returned_quantity,
        sales.source_line_id as returned_source_line_id,
        sales.quantity as sold_quantity,
        row_number() over (
            partition by returns.source_system, returns.source_line_id
            order by sales.transaction_at desc, sales.source_line_id asc
        ) as sale_rank
    from returns
    inner join sales
        on
            returns.source_system = sales.source_system
            and returns.source_customer_id = sales.source_customer_id
            and returns.source_product_id = sales.source_product_id
            and returns.unit_price is not distinct from sales.unit_price
            and returns.transaction_at >= sales.transaction_at
            and -returns.quantity <= sales.quantity
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
