{{ config(materialized='incremental', unique_key='_row_id') }}

select * from ({{ newest_rows('histories', 'unkeyed') }}) as newest_rows
