select * from ({{ newest_rows('histories', 'changes') }}) as newest_rows
