with

lines as (
    select * from {{ ref('int_transactions') }}
),

customer_versions as (
    select * from {{ ref('dim_customers_history') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

returned_lines as (
    select * from {{ ref('int_returned_lines') }}
)

select
    -- keys
    {{ surrogate_key(['lines.source_system', 'lines.source_line_id']) }}
        as transaction_line_key,
    {{ surrogate_key(['lines.source_system', 'lines.source_transaction_id']) }}
        as transaction_key,
    coalesce(customer_versions.customer_key, {{ unknown_key() }}) as customer_key,
    coalesce(customer_versions.customer_version_key, {{ unknown_key() }})
        as customer_version_key,
    coalesce(products.product_key, {{ unknown_key() }}) as product_key,
    coalesce(
        cast({{ date_key('lines.transaction_date') }} as integer),
        {{ unknown_key() }}
    ) as date_key,

    -- what the source calls them
    lines.source_system,
    lines.source_transaction_id,
    lines.source_line_id,
    lines.source_customer_id,
    lines.source_product_id,
    lines.source_store_id,

    -- what kind of line it is
    lines.line_type,
    lines.line_type = 'return' as is_return,
    case
        when returned_lines.returned_source_line_id is not null
            then {{ surrogate_key([
                'returned_lines.source_system',
                'returned_lines.returned_source_line_id',
            ]) }}
    end as returned_line_key,

    -- measures
    lines.quantity,
    lines.unit_price,
    lines.gross_amount,
    lines.discount_amount,
    lines.net_amount,
    lines.currency_code,
    lines.source_net_amount,

    -- times
    lines.transaction_at,
    lines.transaction_date,
    lines.known_at
from lines
left join customer_versions
    on
        lines.source_system = customer_versions.source_system
        and lines.source_customer_id = customer_versions.source_customer_id
        and lines.transaction_at >= customer_versions.valid_from
        and lines.transaction_at < customer_versions.valid_to
left join products
    on
        lines.source_system = products.source_system
        and lines.source_product_id = products.source_product_id
left join returned_lines
    on
        lines.source_system = returned_lines.source_system
        and lines.source_line_id = returned_lines.source_line_id
