-- Every version that was delivered, not only the newest: customers have a history.
with

source_rows as (
    {{ row_versions('crm_sales', 'accounts') }}
),

corrections as (
    select * from {{ ref('stg_crm_sales__corrections') }}
),

renamed as (
    select
        source_rows.account as account_id,
        coalesce(sectors.right_value, source_rows.sector) as sector,
        coalesce(countries.right_value, source_rows.office_location) as country,
        source_rows.subsidiary_of as parent_account_id,
        source_rows.year_established as founded_year,
        source_rows.revenue as yearly_revenue_millions,
        source_rows.employees as employee_count,
        source_rows._known_at
    from source_rows
    left join corrections as sectors
        on
            source_rows.sector = sectors.wrong_value
            and sectors.column_name = 'sector'
    left join corrections as countries
        on
            source_rows.office_location = countries.wrong_value
            and countries.column_name = 'office_location'
)

select * from renamed
