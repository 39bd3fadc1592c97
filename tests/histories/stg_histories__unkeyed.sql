select * from ({{ newest_rows('histories', 'unkeyed') }}) as newest_rows
