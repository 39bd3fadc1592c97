-- One row per moment at which somebody said something of a customer: who he is and
-- where he lives come in two workbooks. Those who live with him may be his parents;
-- how many children he has, nobody says.
with

demographics as (
    select
        *,
        lead(_known_at) over (
            partition by customer_id order by _known_at asc
        ) as next_known_at
    from {{ ref('stg_telco__demographics') }}
),

locations as (
    select
        *,
        lead(_known_at) over (
            partition by customer_id order by _known_at asc
        ) as next_known_at
    from {{ ref('stg_telco__locations') }}
),

moments as (
    select
        customer_id,
        _known_at
    from demographics
    union
    select
        customer_id,
        _known_at
    from locations
)

select
    moments.customer_id as source_customer_id,
    'person' as customer_type,
    locations.country,
    -- the bands of the other source that has some
    case
        when demographics.age_years < 19 then 'under 19'
        when demographics.age_years < 25 then '19-24'
        when demographics.age_years < 35 then '25-34'
        when demographics.age_years < 45 then '35-44'
        when demographics.age_years < 55 then '45-54'
        when demographics.age_years < 65 then '55-64'
        when demographics.age_years >= 65 then '65+'
    end as age_band,
    case demographics.is_married
        when true then 'Married'
        when false then 'Unmarried'
    end as marital_status,
    moments._known_at as valid_from
from moments
left join demographics
    on
        moments.customer_id = demographics.customer_id
        and moments._known_at >= demographics._known_at
        and (
            demographics.next_known_at is null
            or moments._known_at < demographics.next_known_at
        )
left join locations
    on
        moments.customer_id = locations.customer_id
        and moments._known_at >= locations._known_at
        and (
            locations.next_known_at is null
            or moments._known_at < locations.next_known_at
        )
