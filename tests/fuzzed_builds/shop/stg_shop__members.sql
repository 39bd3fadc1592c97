select * from ({{ row_versions('shop', 'members') }}) as row_versions
