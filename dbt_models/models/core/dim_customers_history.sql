with

versions as (
    select
        *,
        {{ surrogate_key([
            "coalesce(customer_type, '')",
            "coalesce(country, '')",
            "coalesce(age_band, '')",
            "coalesce(income_band, '')",
            "coalesce(home_ownership, '')",
            "coalesce(marital_status, '')",
            "coalesce(household_size, '')",
            "coalesce(household_composition, '')",
            "coalesce(child_count, '')",
        ]) }} as attributes_key
    from {{ ref('int_customers') }}
),

-- A delivery that says nothing new about a customer makes no version.
compared as (
    select
        *,
        lag(attributes_key) over (
            partition by customer_id order by valid_from
        ) as previous_attributes_key
    from versions
),

changes as (
    select
        *,
        row_number() over (
            partition by customer_id order by valid_from
        ) as version_number,
        lead(valid_from) over (
            partition by customer_id order by valid_from
        ) as next_valid_from
    from compared
    where
        previous_attributes_key is null
        or previous_attributes_key <> attributes_key
),

known_customers as (
    select
        {{ surrogate_key(['customer_id', 'version_number']) }} as customer_version_key,
        {{ surrogate_key(['customer_id']) }} as customer_key,
        customer_id,
        source_system,
        source_customer_id,
        customer_type,
        country,
        age_band,
        income_band,
        home_ownership,
        marital_status,
        household_size,
        household_composition,
        child_count,
        cast(version_number as integer) as version_number,
        -- Nothing is known of the time before the first version but that version.
        case
            when version_number = 1 then {{ beginning_of_time() }} else valid_from
        end as valid_from,
        coalesce(next_valid_from, {{ end_of_time() }}) as valid_to,
        next_valid_from is null as is_current
    from changes
),

unknown_customer as (
    select
        {{ unknown_key() }} as customer_version_key,
        {{ unknown_key() }} as customer_key,
        'unknown' as customer_id,
        'unknown' as source_system,
        'unknown' as source_customer_id,
        'unknown' as customer_type,
        cast(null as varchar) as country,
        cast(null as varchar) as age_band,
        cast(null as varchar) as income_band,
        cast(null as varchar) as home_ownership,
        cast(null as varchar) as marital_status,
        cast(null as varchar) as household_size,
        cast(null as varchar) as household_composition,
        cast(null as varchar) as child_count,
        1 as version_number,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current
)

select * from known_customers
union all
select * from unknown_customer
