select * from ({{ newest_rows('histories', 'snapshots') }}) as newest_rows
