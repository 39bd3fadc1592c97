{# A stable 60-bit key from natural columns; equal input, equal key, on any engine.
   The first 15 hexadecimal digits of MD5 always fit a signed bigint. #}
{% macro surrogate_key(columns) -%}
    {{ return(adapter.dispatch('surrogate_key')(columns)) }}
{%- endmacro %}

{% macro duckdb__surrogate_key(columns) -%}
    cast('0x' || substr(md5({{ columns | join(" || '|' || ") }}), 1, 15) as bigint)
{%- endmacro %}

{% macro unknown_key() %}-1{% endmacro %}
