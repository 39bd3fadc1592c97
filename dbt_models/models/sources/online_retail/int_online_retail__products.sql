-- An article's name changes from invoice to invoice; the newest one with a name holds.
with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
),

named as (
    select
        article_id,
        article_name,
        row_number() over (
            partition by article_id
            order by article_name is null asc, invoiced_at desc, article_name asc
        ) as name_rank
    from invoice_lines
)

select
    article_id as source_product_id,
    article_name as product_name
from named
where name_rank = 1
