{# 1 + the number of whole fifths of all rows that are strictly worse: 5 is best, and
   equal values have equal scores (ntile() would split them). #}
{% macro quintile_score(worst_first) -%}
    cast(
        1 + floor(
            5.0 * (rank() over (order by {{ worst_first }}) - 1) / count(*) over ()
        ) as integer
    )
{%- endmacro %}

{# Whether a date falls within the window of rfm_window_days that as_of_date ends. #}
{% macro in_rfm_window(date) -%}
    {{ date }}
    > {{ dateadd('day', -var('rfm_window_days'), 'as_of_date.as_of_date') }}
{%- endmacro %}
