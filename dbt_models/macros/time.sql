{# The business date of a moment (UTC), in the deployment's zone. #}
{% macro business_date(column) -%}
    {{ return(adapter.dispatch('business_date')(column)) }}
{%- endmacro %}

{# A moment is made of microseconds, because timezone('UTC', ...) asks a calendar. #}
{% macro duckdb__business_date(column) -%}
    cast(
        timezone(
            '{{ var("timezone") }}', make_timestamptz(epoch_us({{ column }}))
        ) as date
    )
{%- endmacro %}

{# Valid time without a known beginning or end. #}
{% macro beginning_of_time() %}timestamp '1900-01-01 00:00:00'{% endmacro %}
{% macro end_of_time() %}timestamp '9999-12-31 00:00:00'{% endmacro %}

{# A date as the whole number yyyymmdd, the key of dim_dates. #}
{% macro date_key(column) -%}
    extract(year from {{ column }}) * 10000
    + extract(month from {{ column }}) * 100
    + extract(day from {{ column }})
{%- endmacro %}

{# One row per day from one date to another, both included: column date_day. #}
{% macro days_between(first_date, last_date, relation) -%}
    {{ return(adapter.dispatch('days_between')(first_date, last_date, relation)) }}
{%- endmacro %}

{% macro duckdb__days_between(first_date, last_date, relation) -%}
    select
        cast(
            unnest(generate_series({{ first_date }}, {{ last_date }}, interval '1 day'))
            as date
        ) as date_day
    from {{ relation }}
{%- endmacro %}

{# Monday is 1, Sunday is 7. #}
{% macro iso_weekday(column) -%}
    {{ return(adapter.dispatch('iso_weekday')(column)) }}
{%- endmacro %}

{% macro duckdb__iso_weekday(column) -%}
    extract(isodow from {{ column }})
{%- endmacro %}

{# The first moment (UTC) of a business date, in the deployment's zone. #}
{% macro start_of_business_date(column) -%}
    {{ return(adapter.dispatch('start_of_business_date')(column)) }}
{%- endmacro %}

{% macro duckdb__start_of_business_date(column) -%}
    timezone('UTC', timezone('{{ var("timezone") }}', cast({{ column }} as timestamp)))
{%- endmacro %}

{# Of a relation's rows the first that is after another one's moment, if there is one. #}
{% macro left_join_next(relation, on, after) -%}
    {{ return(adapter.dispatch('left_join_next')(relation, on, after)) }}
{%- endmacro %}

{% macro duckdb__left_join_next(relation, on, after) -%}
    asof left join {{ relation }} on {{ on }} and {{ after }}
{%- endmacro %}
