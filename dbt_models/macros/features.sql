{# The measures that add up to the features of a date, see customer_features. #}
{% macro feature_measures() %}
    {{ return([
        'lifetime_transaction_count', 'transaction_count', 'recent_transaction_count',
        'two_recent_transaction_count', 'lifetime_net_amount', 'net_amount',
        'recent_net_amount', 'two_recent_net_amount', 'discount_amount',
        'return_amount', 'purchase_day_count', 'interval_count', 'interval_days',
        'squared_interval_days', 'product_count', 'department_count', 'store_count',
    ]) }}
{% endmacro %}

{# Rows of a relation as changes of the measures on a date: measure to expression, all
   others 0. #}
{% macro movement(relation, moved_on, changes) -%}
    select
        customer_key,
        {{ moved_on }} as moved_on,
        {%- for measure in feature_measures() %}
        cast({{ changes.get(measure, 0) }} as double) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
{%- endmacro %}

{# The day on which a transaction is no longer among the last so many days; the day on
   which it is known, if that is later: then it never was. #}
{% macro leaves(window_days) -%}
    greatest(known_date, {{ dateadd('day', window_days, 'transaction_date') }})
{%- endmacro %}

{# The sum of each measure; over a window, up to each of its rows. #}
{% macro feature_sums(relation, window_name=none) -%}
    {%- for measure in feature_measures() %}
        coalesce(
            sum({{ relation }}.{{ measure }}) {{ 'over ' ~ window_name if window_name }},
            0
        ) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# When each customer was first known to have bought something of each kind. #}
{% macro first_occurrences(relation, kind) -%}
    select
        customer_key,
        {{ kind }},
        min(known_date) as known_date
    from {{ relation }}
    where line_type = 'sale' and {{ kind }} is not null
    group by customer_key, {{ kind }}
{%- endmacro %}

{# What can be said of a customer's silence. Nobody has signed a contract: only who
   buys in a rhythm of his own that is faster than the horizon is missed within it. #}
{% macro activity_status() -%}
    case
        when purchase_day_count < {{ var('churn_min_purchase_days') }} then 'new'
        when
            average_interval_days * {{ var('churn_rhythm_factor') }}
            > {{ var('churn_horizon_days') }}
            then 'occasional'
        when days_since_last_transaction >= {{ var('churn_horizon_days') }} then 'lost'
        else 'active'
    end
{%- endmacro %}
