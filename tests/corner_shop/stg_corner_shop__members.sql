select
    member,
    full_name,
    email,
    phone,
    newsletter
from ({{ newest_rows('corner_shop', 'members') }}) as newest
