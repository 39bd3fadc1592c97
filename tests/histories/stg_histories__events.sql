select * from ({{ newest_rows('histories', 'events') }}) as newest_rows
