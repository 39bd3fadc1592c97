{# A stable 60-bit key from natural columns; equal input, equal key, on any engine.
   The first 15 hexadecimal digits of MD5 always fit a signed bigint. #}
{% macro surrogate_key(columns) -%}
    {{ return(adapter.dispatch('surrogate_key')(columns)) }}
{%- endmacro %}

{% macro duckdb__surrogate_key(columns) -%}
    cast('0x' || substr(md5({{ told_apart(columns) }}), 1, 15) as bigint)
{%- endmacro %}

{% macro unknown_key() %}-1{% endmacro %}

{# A text that only equal columns share: the length of all but the last tells where it
   ends, so that a|, b are not a, |b. #}
{% macro told_apart(columns) -%}
    {%- for column in columns -%}
        {%- if not loop.last -%}
            length(cast({{ column }} as varchar)) || '|' ||
        {%- endif -%}
        cast({{ column }} as varchar)
        {{- ' || ' if not loop.last -}}
    {%- endfor -%}
{%- endmacro %}

{# What identifies a row, for people to read: parts with dashes between, and a mark
   before those within a part, so that A-1, 1 are not A, 1-1. #}
{% macro joined_key(columns) -%}
    {%- for column in columns -%}
        {%- if loop.last -%}
            cast({{ column }} as varchar)
        {%- else -%}
            replace(replace(cast({{ column }} as varchar), '\', '\\'), '-', '\-')
            || '-' ||
        {%- endif %}
    {% endfor -%}
{%- endmacro %}

{# A text that only equal rows share; a null differs from an empty text. #}
{% macro row_digest(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(
            length(cast({{ column }} as varchar)) || '|' || cast({{ column }} as varchar),
            'null|'
        )
        {{- ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# What a group's rows come to, in whatever order: of other rows, another number. Only
   compared within one build, so that it may be an engine's own, which is quick. #}
{% macro digest_of_rows(columns) -%}
    {{ return(adapter.dispatch('digest_of_rows')(columns)) }}
{%- endmacro %}

{% macro duckdb__digest_of_rows(columns) -%}
    sum(hash({{ columns | join(', ') }}))
{%- endmacro %}
