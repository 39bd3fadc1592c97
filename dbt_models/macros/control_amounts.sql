{# Per table of an active source that has a control amount: what its raw rows come to. #}
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
        '{{ node.name }}' as table_name,
        cast((
            select sum({{ node.config.meta.control_amount }})
            from {{ node.relation_name }}
        ) as decimal(38, 4)) as amount,
        cast(known_amount as decimal(38, 4)) as known_amount,
        cast(newest_amount as decimal(38, 4)) as newest_amount,
        cast(conflicting_amount as decimal(38, 4)) as conflicting_amount,
        cast(kept_amount as decimal(38, 4)) as kept_amount,
        cast(rows_overruled as bigint) as rows_overruled,
        cast(first_overruled.file_id as integer) as overruled_file_id,
        cast(first_overruled.row_number as bigint) as overruled_row_number
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
        cast(null as varchar) as table_name,
        cast(null as decimal(38, 4)) as amount,
        cast(null as decimal(38, 4)) as known_amount,
        cast(null as decimal(38, 4)) as newest_amount,
        cast(null as decimal(38, 4)) as conflicting_amount,
        cast(null as decimal(38, 4)) as kept_amount,
        cast(null as bigint) as rows_overruled,
        cast(null as integer) as overruled_file_id,
        cast(null as bigint) as overruled_row_number
    where false
    {% endfor %}
{% endmacro %}

{# What the raw rows of a table with a key come to: those known to the run, and the newest
   version of each; rows of one file that share a key and differ in amount, all of them
   and the one that is kept; and how many have key and amount of the one that counts, are
   in its file, and differ from it in something else.

   The newest versions are found here in another way than by newest_rows, whose work this
   is to check. #}
{% macro keyed_amounts(node, contract) %}
    {% set amount = node.config.meta.control_amount %}
    {% set keys = quoted(contract.key) | join(', ') %}
    {# Of changes the later row counts; of versions the newer one, or the later. #}
    {% set is_open = contract.delivery != 'upsert' and not contract.version_by %}
    {% set version = adapter.quote(contract.version_by) if contract.version_by else 0 %}
    {# A row without a version is older than any with one. #}
    {% set order = '(' ~ version ~ ' is not null, ' ~ version ~ ')' %}
    with

    {# To write ten million rows down takes longer than to read them three times. #}
    known_rows as not materialized (
        {{ known_rows(node.source_name, node.name) }}
    ),

    {% if contract.delivery == 'snapshot' %}
    deliveries as (
        {{ known_snapshots(node.source_name, node.name) }}
    ),
    {% endif %}

    counted_rows as not materialized (
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
            {{ 'min(' ~ amount ~ ') <> max(' ~ amount ~ ')' if is_open else 'false' }}
                as is_conflict,
            count(*) as row_count
        from counted_rows
        inner join repeated_keys using ({{ keys }})
        group by {{ keys }}, _file_id
    ),

    repeated_amounts as (
        select
            {{ keys }},
            sum(amount) as amount,
            max_by(last_amount, (version, file_number)) as newest_amount,
            sum(case when is_conflict then amount end) as conflicting_amount,
            sum(case when is_conflict then last_amount end) as kept_amount,
            max_by(_file_id, (version, file_number)) as newest_file_id,
            max_by(
                row_count > 1 and not coalesce(is_conflict, false),
                (version, file_number)
            ) as may_differ
        from keys_in_files
        group by {{ keys }}
    )

    {% if is_open %}
    , open_keys as (
        select
            {{ keys }},
            newest_file_id as _file_id
        from repeated_amounts
        where may_differ
    ),

    compared_rows as (
        select
            _file_id,
            _row_number,
            {{ row_digest(quoted(contract.columns)) }} as digest,
            last_value({{ row_digest(quoted(contract.columns)) }}) over (
                partition by {{ keys }}
                order by _row_number
                rows between unbounded preceding and unbounded following
            ) as last_digest
        from counted_rows
        inner join open_keys using ({{ keys }}, _file_id)
    ),

    overruled_rows as (
        select
            count(*) as row_count,
            min({'file_id': _file_id, 'row_number': _row_number}) as first_row
        from compared_rows
        where digest <> last_digest
    )
    {% endif %}

    select
        (select sum({{ amount }}) from known_rows) as known_amount,
        (select sum({{ amount }}) from counted_rows)
        - coalesce(sum(amount), 0) + coalesce(sum(newest_amount), 0)
            as newest_amount,
        sum(conflicting_amount) as conflicting_amount,
        sum(kept_amount) as kept_amount,
        {% if is_open %}
        (select row_count from overruled_rows) as rows_overruled,
        (select first_row from overruled_rows) as first_overruled
        {% else %}
        {{ nothing_overruled() }}
        {% endif %}
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
        null as kept_amount,
        {{ nothing_overruled() }}
    from events
{% endmacro %}

{% macro nothing_overruled() %}
        0 as rows_overruled,
        cast(null as struct(file_id integer, row_number bigint)) as first_overruled
{% endmacro %}
