{# What rows of a relation say of a customer's day: measure to expression. What is first
   bought has no day but the one on which that is known, and is counted at once: there is
   much of it. In doubles, which are exact for counts, and quicker to sum up. #}
{% macro day_measures(relation, measures) -%}
    {%- set first_bought = ['product_count', 'department_count', 'store_count'] -%}
    {%- set is_first_bought = measures.keys() | select('in', first_bought) | list -%}
    select
        customer_key,
        {{ 'known_date' if is_first_bought else 'transaction_date' }} as transaction_date,
        known_date,
        {%- for measure in [
            'transaction_count', 'net_amount', 'discount_amount', 'return_amount',
            'purchase_day_count', 'interval_days',
        ] + first_bought %}
        {%- set nothing = 'null' if measure == 'interval_days' else 0 %}
        cast({{ measures.get(measure, nothing) }} as double)
            as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- if is_first_bought %}
    group by customer_key, known_date
    {%- endif %}
{%- endmacro %}

{# Customers' days summed up per customer and date of the grid at which they count:
   measure to expression. Small, so that all else is done with few rows. #}
{% macro by_date(counts_on, measures) -%}
    select
        days.customer_key,
        date_numbers.date_number,
        {%- for measure, expression in measures.items() %}
        {{ expression }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from days
    inner join date_numbers
        on
            {{ counts_on }} = date_numbers.date_day
            and days.is_changed = date_numbers.is_changed
    group by days.customer_key, date_numbers.date_number
{%- endmacro %}

{# The sums of a relation that by_date has made, beside the changes of that date. #}
{% macro left_join_changes(relation) -%}
    left join {{ relation }}
        on
            changes.customer_key = {{ relation }}.customer_key
            and changes.date_number = {{ relation }}.date_number
{%- endmacro %}

{% macro first_or_last_purchase(aggregate) -%}
    {{ aggregate }}(
        case when days.purchase_day_count > 0 then days.transaction_date end
    )
{%- endmacro %}

{# The day on which a transaction is no longer among the last so many days; the day on
   which it is known, if that is later: then it never was. #}
{% macro leaves(window_days) -%}
    greatest(
        days.known_date, {{ dateadd('day', window_days, 'days.transaction_date') }}
    )
{%- endmacro %}

{# What has come together of a measure (in doubles) up to a date, less what has left it. #}
{% macro so_far(measure, less=none) -%}
    sum(
        coalesce({{ measure }}, 0){% if less %} - coalesce({{ less }}, 0){% endif %}
    ) over so_far
{%- endmacro %}

{% macro count_so_far(measure, less=none) -%}
    cast({{ so_far(measure, less) }} as bigint)
{%- endmacro %}

{% macro amount_so_far(measure, less=none) -%}
    cast({{ so_far(measure, less) }} as decimal(18, 4))
{%- endmacro %}

{# When each customer was first known to have bought something of each kind. #}
{% macro first_occurrences(relation, kind) -%}
    select
        customer_key,
        {{ kind }},
        min(known_date) as known_date
    from {{ relation }}
    where {{ kind }} is not null
    group by customer_key, {{ kind }}
{%- endmacro %}

{# What can be said of a customer's silence. Nobody has signed a contract: only who
   buys in a rhythm of his own that is faster than the horizon is missed within it. #}
{% macro activity_status() -%}
    case
        when
            purchase_day_count >= {{ var('churn_min_purchase_days') }}
            and average_interval_days * {{ var('churn_rhythm_factor') }}
            > {{ var('churn_horizon_days') }}
            then 'occasional'
        when days_since_last_transaction >= {{ var('churn_horizon_days') }} then 'lost'
        -- Days that became known late can leave no interval that is known.
        when
            purchase_day_count < {{ var('churn_min_purchase_days') }}
            or average_interval_days is null
            then 'new'
        else 'active'
    end
{%- endmacro %}
