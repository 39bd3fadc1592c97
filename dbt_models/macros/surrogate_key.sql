{# A stable 60-bit key from natural columns; equal input, equal key, on any engine.
   The first 15 hexadecimal digits of MD5 always fit a signed bigint. #}
{% macro surrogate_key(columns) -%}
    {{ return(adapter.dispatch('surrogate_key')(columns)) }}
{%- endmacro %}

{% macro duckdb__surrogate_key(columns) -%}
    cast('0x' || substr(md5({{ columns | join(" || '|' || ") }}), 1, 15) as bigint)
{%- endmacro %}

{% macro unknown_key() %}-1{% endmacro %}

{# A text that equal rows share; a null differs from an empty text. #}
{% macro row_digest(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as varchar), '\\N') || '|'
        {{- ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
