-- Every version that was delivered: a deal goes by the list price of its day.
with

source_rows as (
    {{ row_versions('crm_sales', 'products') }}
),

renamed as (
    select
        product as product_id,
        series,
        sales_price as list_price,
        _known_at
    from source_rows
)

select * from renamed
