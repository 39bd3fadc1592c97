{% for definition in kpi_definitions() %}
    select
        '{{ definition.kpi }}' as kpi,
        '{{ definition.unit }}' as unit,
        '{{ definition.description }}' as description,
        '{{ definition.sql }}' as sql_expression
    {{ 'union all' if not loop.last }}
{% endfor %}
