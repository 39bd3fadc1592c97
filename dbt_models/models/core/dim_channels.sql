with

channels as (
    select * from {{ ref('channels') }}
),

known_channels as (
    select
        {{ surrogate_key(['channel']) }} as channel_key,
        channel,
        channel_name,
        is_personal,
        is_digital
    from channels
),

unknown_channel as (
    select
        {{ unknown_key() }} as channel_key,
        'unknown' as channel,
        'unknown' as channel_name,
        cast(null as boolean) as is_personal,
        cast(null as boolean) as is_digital
)

select * from known_channels
union all
select * from unknown_channel
