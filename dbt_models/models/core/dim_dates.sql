with

transactions as (
    select * from {{ ref('int_transactions') }}
),

touchpoints as (
    select * from {{ ref('int_touchpoints') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

-- The zone's calendar takes long: it is asked for two moments, not for each line.
transaction_times as (
    select
        min(transaction_at) as first_transaction_at,
        max(transaction_at) as last_transaction_at
    from transactions
),

dates_seen as (
    select {{ business_date('first_transaction_at') }} as date_seen
    from transaction_times
    union all
    select {{ business_date('last_transaction_at') }} as date_seen
    from transaction_times
    union all
    select touchpoint_date as date_seen from touchpoints
    union all
    select as_of_date as date_seen from as_of_date
),

days_seen as (
    select
        min(date_seen) as first_seen,
        max(date_seen) as last_seen
    from dates_seen
),

-- Whole years, so that a calendar has no holes at its ends.
bounds as (
    select
        {{ date_trunc('year', 'first_seen') }} as first_date,
        {{ last_day('last_seen', 'year') }} as last_date
    from days_seen
),

days as (
    {{ days_between('first_date', 'last_date', 'bounds') }}
),

known_dates as (
    select
        cast({{ date_key('date_day') }} as integer) as date_key,
        date_day,
        cast(extract(year from date_day) as integer) as year_number,
        cast(extract(quarter from date_day) as integer) as quarter_number,
        cast(extract(month from date_day) as integer) as month_number,
        cast(extract(week from date_day) as integer) as iso_week_number,
        cast({{ iso_weekday('date_day') }} as integer) as iso_weekday_number,
        cast({{ date_trunc('month', 'date_day') }} as date) as month_start_date,
        cast({{ date_trunc('week', 'date_day') }} as date) as week_start_date,
        {{ iso_weekday('date_day') }} >= 6 as is_weekend
    from days
),

unknown_date as (
    select
        {{ unknown_key() }} as date_key,
        cast(null as date) as date_day,
        cast(null as integer) as year_number,
        cast(null as integer) as quarter_number,
        cast(null as integer) as month_number,
        cast(null as integer) as iso_week_number,
        cast(null as integer) as iso_weekday_number,
        cast(null as date) as month_start_date,
        cast(null as date) as week_start_date,
        cast(null as boolean) as is_weekend
)

select * from known_dates
union all
select * from unknown_date
