{# An amount of a row with an exchange_rate, in the base currency. Most need no product;
   one in 64 bits holds no hundred millions with ten decimals, and one in 128 bits takes
   two hundred times as long. #}
{% macro in_base_currency(amount) -%}
    case
        when exchange_rate = 1 then {{ amount }}
        when abs({{ amount }}) < 90000000 / exchange_rate
            then cast({{ amount }} * exchange_rate as decimal(18, 4))
        else
            cast({{ amount }} * cast(exchange_rate as decimal(38, 6)) as decimal(18, 4))
    end
{%- endmacro %}
