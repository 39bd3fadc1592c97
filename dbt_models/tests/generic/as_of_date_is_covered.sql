{% test as_of_date_is_covered(model) %}
{{ config(
    fail_calc = 'count(*)',
    meta = {
        'advice': 'as_of_date must lie between the first transaction and the last'
        ~ ' complete business date; choose another --as-of.'
    },
) }}
select *
from {{ model }}
where as_of_date not between first_transaction_date and last_complete_date
{% endtest %}
