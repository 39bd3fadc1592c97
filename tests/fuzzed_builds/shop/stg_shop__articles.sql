select * from ({{ row_versions('shop', 'articles') }}) as row_versions
