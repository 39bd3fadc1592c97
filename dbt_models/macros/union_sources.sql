{# All active sources' rows of one entity, in the shape that the calling model's
   contract gives, but for the columns that the model derives itself. `crm` passes
   the facts on active sources (var `sources`): entities, currency, exchange rate. A
   column that a source does not supply is null; without any source there are no
   rows. #}
{% macro union_sources(entity, derived=[]) %}
    {% set relations = supplying_relations(entity) %}
    {% if not execute %} {{ return('select 1 as parsing') }} {% endif %}

    {% set shape = model.columns.values()
        | rejectattr('name', 'in', ['source_system'] + derived) | list %}
    {% for source_name, relation in relations.items() %}
    {% set supplied = adapter.get_columns_in_relation(relation)
        | map(attribute='name') | list %}
    {% if 'last_load_id' in supplied %}{% do require_one_row(relation) %}{% endif %}
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

{# The active sources that supply a column of an entity, whether or not there are rows:
   what a source says of nobody differs from what it cannot say. #}
{% macro sources_supplying(entity, column) %}
    {% set relations = supplying_relations(entity) %}
    {% if not execute %} {{ return('select 1 as parsing') }} {% endif %}

    {% for source_name, relation in relations.items()
        if column in adapter.get_columns_in_relation(relation)
            | map(attribute='name') %}
    select '{{ source_name }}' as source_system
    {{ 'union all' if not loop.last }}
    {% else %}
    select cast(null as varchar) as source_system
    where false
    {% endfor %}
{% endmacro %}

{# Source to its model of an entity, for the active sources that supply it. #}
{% macro supplying_relations(entity) %}
    {% set relations = {} %}
    {% for source_name, facts in var('sources', {}).items()
        if entity in facts.entities %}
        {% do relations.update(
            {source_name: ref('int_' ~ source_name ~ '__' ~ entity)}
        ) %}
    {% endfor %}
    {{ return(relations) }}
{% endmacro %}

{# What `crm` knows of the row's source: 'currency' or 'exchange_rate'. #}
{% macro source_fact(fact, data_type) -%}
    cast(
        case source_system
            {%- for source_name, facts in var('sources', {}).items() %}
            when '{{ source_name }}' then '{{ facts[fact] }}'
            {%- else %}
            when '' then null
            {%- endfor %}
        end as {{ data_type }}
    )
{%- endmacro %}

{# Refuses a model that hands on when a row was touched last, and makes it of several
   rows, of one raw table or of several: of the others' changes it would know nothing. #}
{% macro require_one_row(relation) %}
    {% set made_of = upstream_of('model.' ~ project_name ~ '.' ~ relation.identifier) %}
    {% set tables = [] %}
    {% set together = [] %}
    {% for node in made_of %}
        {% if node.resource_type == 'source' %}
            {% do tables.append(node.source_name ~ '.' ~ node.name) %}
        {% elif modules.re.search(
            '\\b(over|group\\s+by|distinct|qualify)\\b',
            modules.re.sub('--.*|{#[^#]*#}', '', node.raw_code),
            modules.re.IGNORECASE
        ) %}
            {% do together.append(node.name) %}
        {% endif %}
    {% endfor %}
    {% set several = 'tables (' ~ tables | sort | join(', ') ~ ')'
        if tables | length > 1
        else 'rows (' ~ together | sort | join(', ') ~ ')' if together %}
    {% if several %}
    {% do exceptions.raise_compiler_error(
        relation.identifier ~ ' hands last_load_id on, and a line of it is made of '
        ~ 'several ' ~ several ~ '. The changes of only one of them would count. Leave '
        ~ 'last_load_id out; then all lines are made anew when any of them changes.'
    ) %}
    {% endif %}
{% endmacro %}

{# What a model is made of, itself and raw tables included, through whatever models. #}
{% macro upstream_of(node_id) %}
    {% set found = [] %}
    {% set node = graph.sources.get(node_id) or graph.nodes.get(node_id) %}
    {% if node and node.source_name != 'ops' %}
        {% do found.append(node) %}
        {% for parent in node.get('depends_on', {}).get('nodes', []) %}
            {% do found.extend(upstream_of(parent)) %}
        {% endfor %}
    {% endif %}
    {{ return(found | unique(attribute='unique_id') | list) }}
{% endmacro %}
