select
    member as source_customer_id,
    full_name as contact_name,
    email,
    phone,
    newsletter as may_be_contacted
from {{ ref('stg_corner_shop__members') }}
