{% test as_of_date_is_covered(model) %}
{{ config(
    fail_calc = 'count(*)',
    meta = {
        'advice': 'as_of_date must lie between the first transaction and the last'
        ~ ' complete business date; choose another --as-of, or a later --known-at if'
        ~ ' nothing was known by then.'
    },
) }}
select dates.*
from {{ model }} as dates
cross join {{ source('ops', 'run_parameters') }} as run_parameters
where
    dates.as_of_date
    not between dates.first_transaction_date and dates.last_complete_date
    or (dates.first_transaction_date is null and run_parameters.known_at is not null)
{% endtest %}
