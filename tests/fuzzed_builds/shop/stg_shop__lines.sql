{{ config(materialized='incremental', unique_key='line_id') }}

select
    _row_id as line_id,
    _last_load_id,
    line,
    member,
    article,
    pieces,
    amount,
    {{ to_utc('sold_at', 'shop', 'lines') }} as sold_at,
    note,
    _known_at
from ({{ newest_rows('shop', 'lines') }}) as newest_rows
