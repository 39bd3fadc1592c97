select * from ({{ newest_rows('histories', 'versions') }}) as newest_rows
