{# Per active source: the contract's control amount over all raw rows, and over those
   that no staging model shows, because a newer version superseded them or the run's
   known_at comes before them. #}
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
    select
        '{{ node.source_name }}' as source_system,
        sum({{ node.config.meta.control_amount }}) as amount,
        coalesce(
            sum(
                case
                    when newest.is_newest is null
                        then {{ node.config.meta.control_amount }}
                end
            ), 0
        ) as left_out_amount
    from {{ node.relation_name }} as raw_rows
    left join (
        select _file_id, _row_number, true as is_newest
        from ({{ newest_rows(node.source_name, node.name) }})
    ) as newest
        on
            raw_rows._file_id = newest._file_id
            and raw_rows._row_number = newest._row_number
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        cast(null as varchar) as source_system,
        cast(null as decimal(38, 2)) as amount,
        cast(null as decimal(38, 2)) as left_out_amount
    where false
    {% endfor %}
{% endmacro %}
