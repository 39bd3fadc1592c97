-- A table: three models read it, and finding the newest rows is work.
{{ config(materialized='table') }}

with

source_rows as (
    {{ newest_rows('crm_sales', 'opportunities') }}
),

corrections as (
    select * from {{ ref('stg_crm_sales__corrections') }}
),

renamed as (
    select
        -- ids
        source_rows.opportunity_id,
        source_rows.account as account_id,
        coalesce(products.right_value, source_rows.product) as product_id,
        source_rows.sales_agent as sales_agent_id,

        -- how far it is
        source_rows.deal_stage,
        case source_rows.deal_stage
            when 'Won' then 'won'
            when 'Lost' then 'lost'
            else 'open'
        end as opportunity_status,

        -- amounts
        source_rows.close_value,

        -- times
        source_rows.engage_date,
        source_rows.close_date,
        source_rows._known_at
    from source_rows
    left join corrections as products
        on
            source_rows.product = products.wrong_value
            and products.column_name = 'product'
)

select * from renamed
