select
    _row_id as line_id,
    receipt,
    member,
    {{ to_utc('sold_at', 'corner_shop', 'receipts') }} as sold_at,
    amount,
    _known_at
from ({{ newest_rows('corner_shop', 'receipts') }}) as newest
