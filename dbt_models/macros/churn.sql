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
                || {{ percent('discount_amount', 'net_amount + discount_amount') }}
        when 'returns'
            then
                'Percent of sales given back: '
                || {{ percent('return_amount', 'net_amount + return_amount') }}
        when 'stores' then 'Stores bought in: ' || {{ whole('store_count') }}
    end
{%- endmacro %}

{# A share in percent, as the model sees it: from 0 to 100. #}
{% macro percent(part, total) -%}
    {{ whole('least(greatest(100 * ' ~ part ~ ' / nullif(' ~ total ~ ', 0), 0), 100)') }}
{%- endmacro %}

{# A number without decimals, as text. #}
{% macro whole(number) -%}
    coalesce(cast(cast(round({{ number }}) as bigint) as varchar), '0')
{%- endmacro %}

{# Whether the odds to be lost are so many times those of the average customer; without a
   division, which what is certain would not bear. #}
{% macro odds_are_at_least(times) -%}
    scored.churn_probability * (1 - scored.churn_rate)
    >= {{ times }} * scored.churn_rate * (1 - scored.churn_probability)
{%- endmacro %}
