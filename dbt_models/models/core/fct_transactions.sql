-- A build that goes on from the last one makes only those lines anew of which a load
-- since then has said something, and those that now belong to another customer,
-- version, product or sale than the last build found.
{{ config(
    materialized='incremental',
    unique_key='transaction_line_key',
    on_schema_change='fail',
    post_hook=["{{ forget_lost_lines(ref('int_transactions')) }}", "{{ measure() }}"],
) }}

{# To what a line belongs; written once, for new lines and for those that are there. #}
{% set dimensions %}
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
{% endset %}
{% set customer_version_key -%}
    coalesce(customer_versions.customer_version_key, {{ unknown_key() }})
{%- endset %}
{% set product_key -%}
    coalesce(products.product_key, {{ unknown_key() }})
{%- endset %}
{% set returned_line_key -%}
    case
        when returned_lines.returned_source_line_id is not null
            then {{ surrogate_key([
                'returned_lines.source_system',
                'returned_lines.returned_source_line_id',
            ]) }}
    end
{%- endset %}

with

run as (
    select * from {{ ref('int_as_of_date') }}
),

customer_versions as (
    select * from {{ ref('dim_customers_history') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

returned_lines as (
    select * from {{ ref('int_returned_lines') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

-- An hour early: where clocks go back at midnight, the day has two beginnings.
next_days as (
    select
        date_day,
        {{ dateadd('hour', -1, start_of_business_date(
            dateadd('day', 1, 'date_day')
        )) }} as begins_at
    from dates
),

{% if is_incremental() %}
changed_sources as (
    {{ changed_sources() }}
),

new_lines as (
    select *
    from {{ ref('int_transactions') }}
    where
        last_load_id > {{ built_load_id() }}
        or (
            last_load_id is null
            and source_system in (select source_system from changed_sources)
        )
),

moved_lines as (
    select
        lines.source_system,
        lines.source_line_id
    from {{ this }} as lines
    {{ dimensions }}
    where
        lines.customer_version_key <> {{ customer_version_key }}
        or lines.product_key <> {{ product_key }}
        or lines.returned_line_key is distinct from {{ returned_line_key }}
),
{% endif %}

lines as (
    {% if is_incremental() %}
        select * from new_lines
        union distinct
        select all_lines.*
        from {{ ref('int_transactions') }} as all_lines
        inner join moved_lines
            on
                all_lines.source_system = moved_lines.source_system
                and all_lines.source_line_id = moved_lines.source_line_id
    {% else %}
        select * from {{ ref('int_transactions') }}
    {% endif %}
)

select
    -- keys
    {{ surrogate_key(['lines.source_system', 'lines.source_line_id']) }}
        as transaction_line_key,
    {{ surrogate_key(['lines.source_system', 'lines.source_transaction_id']) }}
        as transaction_key,
    coalesce(customer_versions.customer_key, {{ unknown_key() }}) as customer_key,
    {{ customer_version_key }} as customer_version_key,
    {{ product_key }} as product_key,
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
    {{ returned_line_key }} as returned_line_key,

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
    lines.known_at,
    -- Most rows are known on their day. Only the others are looked up in the zone's
    -- calendar, which takes longer than all else that is done with a line.
    case
        when lines.known_at < next_days.begins_at then lines.transaction_date
        else greatest(lines.transaction_date, {{ business_date('lines.known_at') }})
    end as known_date,
    run.began_at as _loaded_at
from lines
cross join run
left join next_days on lines.transaction_date = next_days.date_day
{{ dimensions }}
