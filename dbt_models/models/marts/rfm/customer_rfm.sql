with

baskets as (
    select * from {{ ref('customer_baskets') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

segments as (
    select * from {{ ref('rfm_segments') }}
),

-- Recency looks at everything before as_of_date; frequency and money at the window.
-- Only sales make a customer recent or frequent; returns lower the money.
behaviour as (
    select
        baskets.customer_key,
        as_of_date.as_of_date,
        min(case when baskets.is_sale then baskets.transaction_date end)
            as first_transaction_date,
        max(case when baskets.is_sale then baskets.transaction_date end)
            as last_transaction_date,
        count(
            distinct case
                when
                    baskets.is_sale
                    and {{ in_rfm_window('baskets.transaction_date') }}
                    then baskets.transaction_key
            end
        ) as transaction_count,
        coalesce(
            sum(
                case
                    when {{ in_rfm_window('baskets.transaction_date') }}
                        then baskets.net_amount
                end
            ),
            0
        ) as net_amount
    from baskets
    cross join as_of_date
    where
        baskets.transaction_date <= as_of_date.as_of_date
        and baskets.customer_key <> {{ unknown_key() }}
    group by baskets.customer_key, as_of_date.as_of_date
),

measured as (
    select
        *,
        {{ datediff('last_transaction_date', 'as_of_date', 'day') }}
            as days_since_last_transaction
    from behaviour
    where last_transaction_date is not null
),

scored as (
    select
        *,
        {{ quintile_score('days_since_last_transaction desc') }} as recency_score,
        {{ quintile_score('transaction_count') }} as frequency_score,
        {{ quintile_score('net_amount') }} as monetary_score
    from measured
),

-- Rules may overlap; the one of the lowest priority number holds.
segmented as (
    select
        scored.*,
        segments.rfm_segment,
        row_number() over (
            partition by scored.customer_key order by segments.priority
        ) as rule_rank
    from scored
    left join segments
        on
            scored.recency_score between segments.recency_from and segments.recency_to
            and scored.frequency_score
            between segments.frequency_from and segments.frequency_to
            and scored.monetary_score
            between segments.monetary_from and segments.monetary_to
)

select
    segmented.customer_key,
    customers.customer_id,
    segmented.as_of_date,
    segmented.first_transaction_date,
    segmented.last_transaction_date,
    segmented.days_since_last_transaction,
    segmented.transaction_count,
    segmented.net_amount,
    cast(
        segmented.net_amount / nullif(segmented.transaction_count, 0) as decimal(18, 2)
    ) as average_transaction_amount,
    segmented.recency_score,
    segmented.frequency_score,
    segmented.monetary_score,
    segmented.rfm_segment
from segmented
inner join customers on segmented.customer_key = customers.customer_key
where segmented.rule_rank = 1
