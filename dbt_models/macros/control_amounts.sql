{# Per active source: the contract's control amount over all raw rows, and over the
   newest of them: what superseded versions hold, and what the run's known_at comes
   before, is left out. #}
{% macro control_amounts() %}
    {% set tables = [] %}
    {% if execute %}
    {% for node in graph.sources.values()
        if node.source_name in var('sources', {})
        and node.config.meta.control_amount %}
        {% do tables.append(node) %}
    {% endfor %}
    {% endif %}
    {% for node in tables %}
    {% set control_amount = node.config.meta.control_amount %}
    select
        '{{ node.source_name }}' as source_system,
        (select sum({{ control_amount }}) from {{ node.relation_name }}) as amount,
        sum({{ control_amount }}) as newest_amount
    from ({{ newest_rows(node.source_name, node.name) }}) as newest
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        cast(null as varchar) as source_system,
        cast(null as decimal(38, 4)) as amount,
        cast(null as decimal(38, 4)) as newest_amount
    where false
    {% endfor %}
{% endmacro %}
