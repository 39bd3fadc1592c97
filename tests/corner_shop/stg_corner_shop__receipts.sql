-- A table: many models read it, and finding the newest rows is work.
{{ config(materialized='incremental', unique_key='line_id') }}

select
    _row_id as line_id,
    receipt,
    member,
    {{ to_utc('sold_at', 'corner_shop', 'receipts') }} as sold_at,
    amount,
    _known_at,
    _last_load_id
from ({{ newest_rows('corner_shop', 'receipts') }}) as newest
