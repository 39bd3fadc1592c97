{# Per active source: the contract's control amount over all raw rows, over those known
   to the run, and over the newest version of each; and what rows of one file that share
   a key and differ in amount come to, all of them and the one that is kept.

   The newest versions are found here in another way than by newest_rows, whose work
   this is to check. #}
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
    {% set contract = contract_of(node.source_name, node.name) %}
    select
        '{{ node.source_name }}' as source_system,
        (
            select sum({{ node.config.meta.control_amount }})
            from {{ node.relation_name }}
        ) as amount,
        amounts.*
    from (
        {% if contract.key %}
        {{ keyed_amounts(node, contract) }}
        {% else %}
        {{ unkeyed_amounts(node, contract) }}
        {% endif %}
    ) as amounts
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        cast(null as varchar) as source_system,
        cast(null as decimal(38, 4)) as amount,
        cast(null as decimal(38, 4)) as known_amount,
        cast(null as decimal(38, 4)) as newest_amount,
        cast(null as decimal(38, 4)) as conflicting_amount,
        cast(null as decimal(38, 4)) as kept_amount
    where false
    {% endfor %}
{% endmacro %}

{% macro keyed_amounts(node, contract) %}
    {% set amount = node.config.meta.control_amount %}
    {% set keys = quoted(contract.key) | join(', ') %}
    {% set version = adapter.quote(contract.version_by) if contract.version_by else 0 %}
    {# A row without a version is older than any with one. #}
    {% set order = '(' ~ version ~ ' is not null, ' ~ version ~ ')' %}
    with

    known_rows as (
        {{ known_rows(node.source_name, node.name) }}
    ),

    {% if contract.delivery == 'snapshot' %}
    deliveries as (
        {{ known_snapshots(node.source_name, node.name) }}
    ),
    {% endif %}

    counted_rows as (
        select known_rows.*
        from known_rows
        {% if contract.delivery == 'snapshot' %}
        inner join deliveries
            on known_rows._load_id = deliveries._load_id
        where
            not exists (
                select 1
                from deliveries as later
                where
                    later.is_whole
                    and later.delivery_number > deliveries.delivery_number
            )
        {% endif %}
    ),

    {# Most keys came once, and what came once is the newest. #}
    repeated_keys as (
        select {{ keys }}
        from counted_rows
        group by {{ keys }}
        having count(*) > 1
    ),

    keys_in_files as (
        select
            {{ keys }},
            _file_id,
            max(_file_number) as file_number,
            max({{ order }}) as version,
            sum({{ amount }}) as amount,
            max_by({{ amount }}, ({{ order }}, _row_number)) as last_amount,
            {{ 'false' if contract.delivery == 'upsert' or contract.version_by
                else 'min(' ~ amount ~ ') <> max(' ~ amount ~ ')' }} as is_conflict
        from counted_rows
        inner join repeated_keys using ({{ keys }})
        group by {{ keys }}, _file_id
    ),

    repeated_amounts as (
        select
            sum(amount) as amount,
            max_by(last_amount, (version, file_number)) as newest_amount,
            sum(case when is_conflict then amount end) as conflicting_amount,
            sum(case when is_conflict then last_amount end) as kept_amount
        from keys_in_files
        group by {{ keys }}
    )

    select
        (select sum({{ amount }}) from known_rows) as known_amount,
        (select sum({{ amount }}) from counted_rows)
        - coalesce(sum(amount), 0) + coalesce(sum(newest_amount), 0)
            as newest_amount,
        sum(conflicting_amount) as conflicting_amount,
        sum(kept_amount) as kept_amount
    from repeated_amounts
{% endmacro %}

{# Equal rows of one file are as many events; of several files, the same ones again. #}
{% macro unkeyed_amounts(node, contract) %}
    {% set columns = quoted(contract.columns) | join(', ') %}
    with

    rows_in_files as (
        select
            {{ columns }},
            _file_id,
            count(*) as row_count,
            sum({{ node.config.meta.control_amount }}) as amount
        from ({{ known_rows(node.source_name, node.name) }}) as known_rows
        group by {{ columns }}, _file_id
    ),

    events as (
        select
            sum(amount) as known_amount,
            max_by(amount, row_count) as newest_amount
        from rows_in_files
        group by {{ columns }}
    )

    select
        sum(known_amount) as known_amount,
        sum(newest_amount) as newest_amount,
        null as conflicting_amount,
        null as kept_amount
    from events
{% endmacro %}
