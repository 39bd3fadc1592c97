{# What a source table's contract says; empty while dbt only parses. #}
{% macro contract_of(source_name, table_name) %}
    {% if not execute %}
        {{ return({'columns': [], 'key': [], 'timezone': 'UTC'}) }}
    {% endif %}
    {% set node = graph.sources[
        'source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table_name
    ] %}
    {% set meta = node.config.meta %}
    {{ return({
        'columns': node.columns.keys() | list,
        'delivery': meta.delivery,
        'key': (meta.key or []) | list,
        'version_by': meta.version_by,
        'known_at': meta.known_at,
        'timezone': meta.timezone,
    }) }}
{% endmacro %}

{# The rows of a raw table that were known at the run's known_at (null: all of
   them), with their delivery. When a row became known is asked only where it matters:
   to tell it of each row takes longer than to read all of them. #}
{% macro known_rows(source_name, table_name) %}
    select *
    from {{ source(source_name, table_name) }}
    {% if run_parameter('known_at') is not none %}
    where
        _known_at <= (
            select run_parameters.known_at
            from {{ source('ops', 'run_parameters') }} as run_parameters
        )
    {% endif %}
{% endmacro %}

{# The deliveries of a snapshot table that were known at the run's known_at, numbered
   from the oldest; one without rows says that there are none any more. Of the time
   before the first of them, rows that say themselves since when they are known are
   those of the first. #}
{% macro known_snapshots(source_name, table_name) %}
    select
        deliveries._load_id,
        deliveries.is_whole,
        deliveries.delivery_number
    from (
        select
            loads.load_id as _load_id,
            loads.is_whole,
            min(load_files.known_at) as known_at,
            row_number() over (
                order by max(load_files.delivered_at), loads.load_id
            ) as delivery_number
        from {{ source('ops', 'loads') }} as loads
        inner join {{ source('ops', 'load_files') }} as load_files
            on loads.load_id = load_files.load_id and not load_files.is_repeated
        where
            loads.source_system = '{{ source_name }}'
            and loads.table_name = '{{ table_name }}'
        group by loads.load_id, loads.is_whole
    ) as deliveries
    cross join {{ source('ops', 'run_parameters') }} as run_parameters
    where
        run_parameters.known_at is null
        or deliveries.known_at <= run_parameters.known_at
        {% if contract_of(source_name, table_name).known_at %}
        or deliveries.delivery_number = 1
        {% endif %}
{% endmacro %}

{# Every version of each row of a raw table with a key that was delivered: of those
   known from the same moment the newest, which corrects the others. #}
{% macro row_versions(source_name, table_name) %}
    {% set keys = quoted(contract_of(source_name, table_name).key) %}
    with

    known_rows as (
        {{ known_rows(source_name, table_name) }}
    ),

    ranked_rows as (
        select
            *,
            row_number() over (
                partition by {{ (keys + ['_known_at']) | join(', ') }}
                order by _file_number desc, _row_number desc
            ) as _correction_rank
        from known_rows
    )

    select *
    from ranked_rows
    where _correction_rank = 1
{% endmacro %}

{# The newest version of each row of a raw table, with its identity as _row_id.

   snapshot: the rows of the latest delivery, one per key. A row that was refused is
   no row that was deleted, nor is most of a table: where a delivery is not whole
   (ops.loads), those before it count too, back to the last one that is.
   upsert, append with a key: one row per key, the newest by version_by, else by
   delivery.
   append without a key: rows are identified by all their columns and their
   occurrence number within the delivery, so that genuine duplicates stay and a
   delivery that overlaps another adds nothing.

   A row that is delivered again as it was is known from when it began to say the same:
   files that hold everything, every day, would else make all of it new every day.

   _last_load_id is the last load that said anything of the row; of a snapshot's rows
   also those say something that do not have it, so that there is none. A model that is
   materialized incrementally gets, in a build that goes on from the last one, only the
   rows of which a load since then has said something. #}
{% macro newest_rows(source_name, table_name) %}
    {% set contract = contract_of(source_name, table_name) %}
    {% set keys = quoted(contract.key) %}
    {% set columns = quoted(contract.columns) %}
    {% set identity = keys | join(', ') or '_row_id' %}
    {% set identifying = (keys or columns) | join(', ') %}
    {% set oldest_first, newest_first = [], [] %}
    {% if contract.version_by %}
        {% set version = adapter.quote(contract.version_by) %}
        {% do oldest_first.append(version ~ ' asc nulls first') %}
        {% do newest_first.append(version ~ ' desc nulls last') %}
    {% endif %}
    {% for column in ['_file_number', '_row_number'] %}
        {% do oldest_first.append(column ~ ' asc') %}
        {% do newest_first.append(column ~ ' desc') %}
    {% endfor %}
    {% set oldest_first, newest_first = oldest_first | join(', '), newest_first | join(', ') %}
    {% if config.get('materialized') == 'incremental' and contract.delivery == 'snapshot' %}
    {% do exceptions.raise_compiler_error(
        source_name ~ '.' ~ table_name ~ ' is delivered as snapshots. What they no longer '
        ~ 'hold is in no load, so that its model cannot be incremental.'
    ) %}
    {% endif %}
    with

    {% if is_incremental() %}
    touched_rows as (
        select distinct {{ identifying }}
        from {{ source(source_name, table_name) }}
        where _load_id > {{ built_load_id() }}
    ),

    known_rows as (
        select raw_rows.*
        from {{ source(source_name, table_name) }} as raw_rows
        inner join touched_rows
            on
                {% for column in keys or columns %}
                raw_rows.{{ column }} is not distinct from touched_rows.{{ column }}
                {{- ' and' if not loop.last }}
                {% endfor %}
    ),
    {% else %}
    known_rows as (
        {{ known_rows(source_name, table_name) }}
    ),
    {% endif %}

    {% if contract.delivery == 'snapshot' %}
    deliveries as (
        {{ known_snapshots(source_name, table_name) }}
    ),

    current_deliveries as (
        select _load_id
        from deliveries
        where
            delivery_number >= (
                select coalesce(max(delivery_number) filter (where is_whole), 0)
                from deliveries
            )
    ),
    {% endif %}

    identified_rows as (
        select
            {% if keys %}
            {{ joined_key(keys) }} as _row_id,
            {% elif columns %}
            {{ row_digest(columns) }} || '-' || row_number() over (
                partition by {{ columns | join(', ') }}, _file_id
                order by _row_number
            ) as _row_id,
            {% endif %}
            *
        from known_rows
    ),

    {% if columns and not contract.known_at %}
    compared_rows as (
        select
            *,
            case
                when
                    lag({{ row_digest(columns) }}) over versions
                    = {{ row_digest(columns) }}
                    then 0
                else 1
            end as _is_change
        from identified_rows
        window versions as (partition by {{ identity }} order by {{ oldest_first }})
    ),

    counted_rows as (
        select
            *,
            sum(_is_change) over (
                partition by {{ identity }} order by {{ oldest_first }}
                rows between unbounded preceding and current row
            ) as _change_number
        from compared_rows
    ),

    dated_rows as (
        select
            _row_id,
            {{ columns | join(', ') }},
            _load_id,
            _file_id,
            _file_number,
            _row_number,
            _delivered_at,
            min(_known_at) over (
                partition by {{ identity }}, _change_number
            ) as _known_at
        from counted_rows
    ),
    {% else %}
    dated_rows as (
        select * from identified_rows
    ),
    {% endif %}

    ranked_rows as (
        select
            *,
            {% if contract.delivery != 'snapshot' %}
            max(_load_id) over (
                versions
                rows between unbounded preceding and unbounded following
            ) as _last_load_id,
            {% endif %}
            row_number() over versions as _version_rank
        from dated_rows
        {% if contract.delivery == 'snapshot' %}
        where _load_id in (select _load_id from current_deliveries)
        {% endif %}
        window
            versions as (
                partition by {{ identity }} order by {{ newest_first }}
            )
    )

    -- Files that come late change the numbers of others, which a build that goes on
    -- would keep.
    select * exclude (_file_number)
    from ranked_rows
    where _version_rank = 1
{% endmacro %}

{# The moment (UTC) of a column in the zone of its source's contract. #}
{% macro to_utc(column, source_name, table_name) -%}
    {{ return(adapter.dispatch('to_utc')(
        column, contract_of(source_name, table_name).timezone
    )) }}
{%- endmacro %}

{% macro duckdb__to_utc(column, zone) -%}
    {%- if zone == 'UTC' -%} {{ column }}
    {%- else -%} make_timestamp(epoch_us(timezone('{{ zone }}', {{ column }})))
    {%- endif -%}
{%- endmacro %}

{% macro quoted(names) %}
    {% set found = [] %}
    {% for name in names %}{% do found.append(adapter.quote(name)) %}{% endfor %}
    {{ return(found) }}
{% endmacro %}
