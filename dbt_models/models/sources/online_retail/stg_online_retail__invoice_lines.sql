-- A table: many models read it, and finding the newest rows is work.
{{ config(materialized='incremental', unique_key='line_id') }}

with

source_rows as (
    {{ newest_rows('online_retail', 'invoice_lines') }}
),

renamed as (
    select
        -- ids
        _row_id as line_id,
        "InvoiceNo" as invoice_id,
        "StockCode" as article_id,
        "CustomerID" as customer_id,

        -- what the invoice is, by the letter that begins its number
        left("InvoiceNo", 1) = 'C' as is_cancellation,
        left("InvoiceNo", 1) = 'A' as is_bad_debt,

        -- article and customer
        "Description" as article_name,
        "Country" as country,

        -- amounts
        "Quantity" as quantity,
        "UnitPrice" as unit_price,

        -- times
        {{ to_utc('"InvoiceDate"', 'online_retail', 'invoice_lines') }} as invoiced_at,
        _known_at,
        _last_load_id
    from source_rows
)

select * from renamed
