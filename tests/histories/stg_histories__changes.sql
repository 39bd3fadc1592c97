{{ config(materialized='incremental', unique_key='_row_id') }}

select * from ({{ newest_rows('histories', 'changes') }}) as newest_rows
