{# What a source table's contract says; empty while dbt only parses. #}
{% macro contract_of(source_name, table_name) %}
    {% if not execute %}
        {{ return({'columns': [], 'key': []}) }}
    {% endif %}
    {% set node = graph.sources[
        'source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table_name
    ] %}
    {% set meta = node.config.meta %}
    {{ return({
        'columns': node.columns.keys() | list,
        'delivery': meta.delivery,
        'key': meta.key or [],
        'version_by': meta.version_by,
    }) }}
{% endmacro %}

{# The rows of a raw table that were known at the run's known_at (null: all of
   them), with their delivery. #}
{% macro known_rows(source_name, table_name) %}
    select raw_rows.*
    from {{ source(source_name, table_name) }} as raw_rows
    cross join {{ source('ops', 'run_parameters') }} as run_parameters
    where
        run_parameters.known_at is null
        or raw_rows._known_at <= run_parameters.known_at
{% endmacro %}

{# The newest version of each row of a raw table.

   snapshot: the rows of the latest delivery, one per key.
   upsert, append with a key: one row per key, the newest by version_by, else by
   delivery.
   append without a key: rows are identified by all their columns and their
   occurrence number within the delivery, so that genuine duplicates stay and a
   delivery that overlaps another adds nothing. #}
{% macro newest_rows(source_name, table_name) %}
    {% set contract = contract_of(source_name, table_name) %}
    {% set identity = contract.key or contract.columns + ['_occurrence'] %}
    with

    known_rows as (
        {{ known_rows(source_name, table_name) }}
    ),

    identified_rows as (
        select
            {% if not contract.key and execute %}
            row_number() over (
                partition by {{ contract.columns | join(', ') }}, _file_id
                order by _row_number
            ) as _occurrence,
            {% endif %}
            *
        from known_rows
        {% if contract.delivery == 'snapshot' %}
        where _load_id = (
            select max_by(_load_id, (_delivered_at, _load_id))
            from known_rows
        )
        {% endif %}
    ),

    ranked_rows as (
        select
            *,
            row_number() over (
                partition by {{ identity | join(', ') }}
                order by
                    {% if contract.version_by %}
                    {{ contract.version_by }} desc nulls last,
                    {% endif %}
                    _delivered_at desc, _file_id desc, _row_number desc
            ) as _version_rank
        from identified_rows
    )

    select *
    from ranked_rows
    where _version_rank = 1
{% endmacro %}
