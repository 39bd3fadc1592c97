select * from ({{ newest_rows('histories', 'closings') }}) as newest_rows
