{# All active sources' rows of one entity, in the shape that the calling model's
   contract gives, but for the columns that the model derives itself. `crm` passes
   which source supplies what (var `sources`). A column that a source does not supply
   is null; without any source there are no rows. #}
{% macro union_sources(entity, derived=[]) %}
    {% set relations = {} %}
    {% for source_name, entities in var('sources', {}).items() if entity in entities %}
        {% do relations.update(
            {source_name: ref('int_' ~ source_name ~ '__' ~ entity)}
        ) %}
    {% endfor %}
    {% if not execute %} {{ return('select 1 as parsing') }} {% endif %}

    {% set shape = model.columns.values()
        | rejectattr('name', 'in', ['source_system'] + derived) | list %}
    {% for source_name, relation in relations.items() %}
    {% set supplied = adapter.get_columns_in_relation(relation)
        | map(attribute='name') | list %}
    select
        {% for column in shape %}
        cast(
            {{- column.name if column.name in supplied else 'null' }} as
            {{- ' ' ~ column.data_type -}}
        ) as {{ column.name }},
        {% endfor %}
        '{{ source_name }}' as source_system
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        {% for column in shape %}
        cast(null as {{ column.data_type }}) as {{ column.name }},
        {% endfor %}
        cast(null as varchar) as source_system
    where false
    {% endfor %}
{% endmacro %}
