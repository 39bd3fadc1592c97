{# Every KPI, once: name, unit, what it is, and how it is computed over the baskets of a
   period. `sql` sees kpi_baskets (see kpi_values below). #}
{% macro kpi_definitions() %}
    {{ return([
        {
            'kpi': 'net_sales_amount',
            'unit': 'base currency',
            'description': 'Money for what was sold, returns and adjustments taken off.',
            'sql': 'coalesce(sum(net_amount), 0)',
        },
        {
            'kpi': 'discount_amount',
            'unit': 'base currency',
            'description': 'Discounts that the company itself gave.',
            'sql': 'coalesce(sum(discount_amount), 0)',
        },
        {
            'kpi': 'return_amount',
            'unit': 'base currency',
            'description': 'Money given back for returns, as a positive amount.',
            'sql': 'coalesce(sum(return_amount), 0)',
        },
        {
            'kpi': 'transaction_count',
            'unit': 'transactions',
            'description': 'Baskets or invoices with at least one line sold.',
            'sql': 'count(distinct sale_key)',
        },
        {
            'kpi': 'active_customer_count',
            'unit': 'customers',
            'description': 'Known customers who bought.',
            'sql': 'count(distinct buyer_key)',
        },
        {
            'kpi': 'new_customer_count',
            'unit': 'customers',
            'description': 'Known customers who bought for the first time ever.',
            'sql': 'count(distinct case when is_first_day then buyer_key end)',
        },
        {
            'kpi': 'average_transaction_amount',
            'unit': 'base currency',
            'description': 'Net sales per transaction; null where there is none.',
            'sql': 'sum(net_amount) / nullif(count(distinct sale_key), 0)',
        },
    ]) }}
{% endmacro %}

{# One row per KPI and period ('day' or 'month') from the first business date to
   as_of_date, periods without any line included. #}
{% macro kpi_values(period) %}
    with

    baskets as (
        select * from {{ ref('customer_baskets') }}
    ),

    dates as (
        select * from {{ ref('dim_dates') }}
    ),

    as_of_date as (
        select * from {{ ref('int_as_of_date') }}
    ),

    first_days as (
        select customer_key, min(transaction_date) as first_transaction_date
        from baskets
        where is_sale
        group by customer_key
    ),

    periods as (
        select
            cast({{ date_trunc(period, 'dates.date_day') }} as date) as period_start_date,
            dates.date_day,
            as_of_date.as_of_date,
            as_of_date.first_transaction_date
        from dates
        inner join as_of_date
            on dates.date_day
            between as_of_date.first_transaction_date and as_of_date.as_of_date
    ),

    kpi_baskets as (
        select
            periods.period_start_date,
            periods.as_of_date,
            periods.first_transaction_date,
            baskets.net_amount,
            baskets.discount_amount,
            baskets.return_amount,
            case when baskets.is_sale then baskets.transaction_key end as sale_key,
            case
                when baskets.is_sale
                    then nullif(baskets.customer_key, {{ unknown_key() }})
            end as buyer_key,
            baskets.transaction_date = first_days.first_transaction_date
                as is_first_day
        from periods
        left join baskets on periods.date_day = baskets.transaction_date
        left join first_days on baskets.customer_key = first_days.customer_key
    ),

    wide as (
        select
            period_start_date,
            {% if period == 'day' %}
            false as is_partial_period,
            {% else %}
            period_start_date < max(first_transaction_date)
            or {{ last_day('period_start_date', period) }} > max(as_of_date)
                as is_partial_period,
            {% endif %}
            {% for definition in kpi_definitions() %}
            {{ definition.sql }} as {{ definition.kpi }}{{ ',' if not loop.last }}
            {% endfor %}
        from kpi_baskets
        group by period_start_date
    )

    {% for definition in kpi_definitions() %}
    select
        '{{ definition.kpi }}' as kpi,
        period_start_date,
        is_partial_period,
        cast({{ definition.kpi }} as decimal(38, 4)) as kpi_value,
        '{{ definition.unit }}' as unit
    from wide
    {{ 'union all' if not loop.last }}
    {% endfor %}
{% endmacro %}
