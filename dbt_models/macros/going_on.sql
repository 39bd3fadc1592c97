{# A build that goes on from the last one: `crm` keeps the last build's database where
   only loads have come in since, and its models find what these loads touch. #}

{# The last load that is in the build that this one goes on from: a number, so that
   engines pass over what is older without reading it. #}
{% macro built_load_id() -%}
    {{ run_parameter('built_load_id') }}
{%- endmacro %}

{# The sources of which loads have come in since. #}
{% macro changed_sources() %}
    select distinct source_system
    from {{ source('ops', 'loads') }}
    where load_id > {{ built_load_id() }}
{% endmacro %}

{# Takes lines out of the calling model that are in no source any more: what a source's
   own model leaves out today, it may not have left out in the last build. Counted
   first, because it is rare and takes long to find: by now the model has all lines that
   there are, so that one that is lost makes it longer. #}
{% macro forget_lost_lines(lines) %}
    {% if is_incremental() %}
    delete from {{ this }} as built
    where
        built.source_system in (
            select counts.source_system
            from (
                select source_system, 1 as is_built from {{ this }}
                union all
                select source_system, -1 as is_built from {{ lines }}
            ) as counts
            group by counts.source_system
            having sum(counts.is_built) > 0
        )
        and not exists (
            select 1
            from {{ lines }} as lines
            where
                lines.source_system = built.source_system
                and lines.source_line_id = built.source_line_id
        )
    {% endif %}
{% endmacro %}

{# Takes customers out of the calling model that have no transactions any more. #}
{% macro forget_lost_customers(transactions) %}
    {% if is_incremental() %}
    delete from {{ this }}
    where customer_key not in (select distinct customer_key from {{ transactions }})
    {% endif %}
{% endmacro %}

{# The customers of whom this run knows something else than the last build. #}
{% macro changed_customers() %}
    select histories.customer_key
    from {{ ref('customer_histories') }} as histories
    inner join {{ ref('int_as_of_date') }} as run on histories._loaded_at = run.began_at
{% endmacro %}

{# Takes out of the calling model what it says of them, before it says it anew, and of
   customers of whom nothing is known any more. #}
{% macro forget_changed_customers() %}
    {% if is_incremental() %}
    delete from {{ this }}
    where
        customer_key in ({{ changed_customers() }})
        or customer_key not in (select customer_key from {{ ref('customer_histories') }})
    {% endif %}
{% endmacro %}

{# Takes dates out of the calling model that are not of the grid by now, or may not be at
   the next run: the latest one need not be the end of a month. #}
{% macro forget_other_dates(feature_dates) %}
    {% if is_incremental() %}
    delete from {{ this }}
    where is_latest or as_of_date not in (
        select as_of_date from {{ feature_dates }} where not is_latest
    )
    {% endif %}
{% endmacro %}
