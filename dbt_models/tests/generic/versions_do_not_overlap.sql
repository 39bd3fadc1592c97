{% test versions_do_not_overlap(model) %}
with

neighbours as (
    select
        customer_key,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by customer_key order by valid_from
        ) as next_valid_from
    from {{ model }}
)

select *
from neighbours
where valid_from >= valid_to or next_valid_from <> valid_to
{% endtest %}
