{# A reason of the churn model in words: what the customer did that it speaks of. The
   same facts stand behind a higher and a lower risk. Columns are of customer_features. #}
{% macro churn_reason(reason) -%}
    {%- set days = var('recent_window_days') -%}
    case {{ reason }}
        when 'silence'
            then
                'Days since the last purchase: '
                || {{ whole('days_since_last_transaction') }} || ', usually between two: '
                || {{ whole('average_interval_days') }}
        when 'rhythm'
            then
                'Days between purchases: ' || {{ whole('average_interval_days') }}
                || ', give or take ' || {{ whole('interval_deviation_days') }}
        when 'purchases'
            then
                'Purchases in the last {{ days }} days: '
                || {{ whole('recent_transaction_count') }}
        when 'purchase_trend'
            then
                'Purchases in the last {{ days }} days: '
                || {{ whole('recent_transaction_count') }} || ', in the {{ days }} before: '
                || {{ whole('previous_transaction_count') }}
        when 'amount'
            then
                'Spent in the last {{ days }} days: ' || {{ whole('recent_net_amount') }}
        when 'amount_trend'
            then
                'Spent in the last {{ days }} days: ' || {{ whole('recent_net_amount') }}
                || ', in the {{ days }} before: ' || {{ whole('previous_net_amount') }}
        when 'basket'
            then
                'Spent per purchase: '
                || {{ whole('net_amount / nullif(transaction_count, 0)') }}
        when 'discounts'
            then
                'Percent of prices that were discounts: '
                || {{ whole('100 * discount_amount / nullif(net_amount + discount_amount, 0)') }}
        when 'returns'
            then
                'Percent of sales given back: '
                || {{ whole('100 * return_amount / nullif(net_amount + return_amount, 0)') }}
        when 'stores' then 'Stores bought in: ' || {{ whole('store_count') }}
    end
{%- endmacro %}

{# A number without decimals, as text. #}
{% macro whole(number) -%}
    coalesce(cast(cast(round({{ number }}) as bigint) as varchar), '0')
{%- endmacro %}

{# The odds of a probability; none for what is certain. #}
{% macro odds(probability) -%}
    {{ probability }} / nullif(1 - {{ probability }}, 0)
{%- endmacro %}
