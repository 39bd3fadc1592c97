select
    call,
    member,
    {{ to_utc('called_at', 'corner_shop', 'calls') }} as called_at,
    cost,
    _known_at
from ({{ newest_rows('corner_shop', 'calls') }}) as newest
