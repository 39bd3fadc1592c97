with

versions as (
    select
        *,
        coalesce(known_at, {{ beginning_of_time() }}) as first_known_at,
        {{ row_digest([
            'product_name',
            'department',
            'product_category',
            'product_type',
            'brand',
            'manufacturer_id',
            'package_size',
        ]) }} as attributes_digest
    from {{ ref('int_products') }}
),

-- A delivery that says nothing new about a product makes no version.
compared as (
    select
        *,
        lag(attributes_digest) over (
            partition by source_system, source_product_id order by first_known_at
        ) as previous_attributes_digest
    from versions
),

changes as (
    select
        *,
        row_number() over (
            partition by source_system, source_product_id order by first_known_at
        ) as version_number,
        lead(first_known_at) over (
            partition by source_system, source_product_id order by first_known_at
        ) as next_known_at
    from compared
    where
        previous_attributes_digest is null
        or previous_attributes_digest <> attributes_digest
),

known_products as (
    select
        {{ surrogate_key(['source_system', 'source_product_id', 'version_number']) }}
            as product_version_key,
        {{ surrogate_key(['source_system', 'source_product_id']) }} as product_key,
        source_system,
        source_product_id,
        product_name,
        department,
        product_category,
        product_type,
        brand,
        manufacturer_id,
        package_size,
        cast(version_number as integer) as version_number,
        -- Nothing is known of the time before the first version but that version.
        case
            when version_number = 1 then {{ beginning_of_time() }} else first_known_at
        end as valid_from,
        coalesce(next_known_at, {{ end_of_time() }}) as valid_to,
        next_known_at is null as is_current,
        first_known_at as known_at
    from changes
),

unknown_product as (
    select
        {{ unknown_key() }} as product_version_key,
        {{ unknown_key() }} as product_key,
        'unknown' as source_system,
        'unknown' as source_product_id,
        'unknown' as product_name,
        cast(null as varchar) as department,
        cast(null as varchar) as product_category,
        cast(null as varchar) as product_type,
        cast(null as varchar) as brand,
        cast(null as varchar) as manufacturer_id,
        cast(null as varchar) as package_size,
        1 as version_number,
        {{ beginning_of_time() }} as valid_from,
        {{ end_of_time() }} as valid_to,
        true as is_current,
        {{ beginning_of_time() }} as known_at
)

select * from known_products
union all
select * from unknown_product
