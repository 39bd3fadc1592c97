with

source_rows as (
    {{ newest_rows('crm_sales', 'sales_teams') }}
),

renamed as (
    select
        sales_agent as sales_agent_id,
        manager as manager_name,
        regional_office
    from source_rows
)

select * from renamed
