with

members as (
    select * from {{ source('learned', 'market_segment_members') }}
),

segment_names as (
    select * from {{ source('learned', 'market_segment_names') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
)

select
    members.customer_key,
    customers.customer_id,
    members.as_of_date,
    members.market_segment_id,
    segment_names.market_segment
from members
inner join segment_names
    on members.market_segment_id = segment_names.market_segment_id
inner join customers on members.customer_key = customers.customer_key
