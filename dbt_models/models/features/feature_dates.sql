with

dates as (
    select * from {{ ref('dim_dates') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

-- The month ends so far, and as_of_date, which need not be one.
grid as (
    select distinct
        least(
            cast({{ last_day('dates.date_day', 'month') }} as date),
            as_of_date.as_of_date
        ) as as_of_date,
        as_of_date.as_of_date as last_date
    from dates
    inner join as_of_date
        on
            dates.date_day
            between as_of_date.first_transaction_date and as_of_date.as_of_date
),

newest as (
    select
        *,
        row_number() over (order by as_of_date desc) as place
    from grid
)

select
    as_of_date,
    cast(row_number() over (order by as_of_date) as integer) as date_number,
    as_of_date = last_date as is_latest,
    as_of_date = cast({{ last_day('as_of_date', 'month') }} as date) as is_month_end
from newest
where place <= {{ var('feature_date_count') }}
