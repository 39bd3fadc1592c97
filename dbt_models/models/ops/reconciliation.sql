-- Money on its way from the export files to the marts. Each step states what came in
-- and what must come out; a test wants every difference to be zero.
with

loads as (
    select * from {{ source('ops', 'loads') }}
),

load_files as (
    select * from {{ source('ops', 'load_files') }}
),

transactions as not materialized (
    select * from {{ ref('fct_transactions') }}
),

conformed as (
    select * from {{ ref('int_transactions') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

control_amounts as (
    select * from {{ ref('control_amounts') }}
),

raw_amounts as (
    select
        source_system,
        sum(amount) as amount,
        sum(known_amount) as known_amount,
        sum(newest_amount) as newest_amount,
        sum(conflicting_amount) as conflicting_amount,
        sum(kept_amount) as kept_amount
    from control_amounts
    group by source_system
),

landed_amounts as (
    select
        loads.source_system,
        sum(load_files.control_amount) as amount
    from load_files
    inner join loads on load_files.load_id = loads.load_id
    where load_files.control_amount is not null and not load_files.is_repeated
    group by loads.source_system
),

conformed_amounts as (
    select
        source_system,
        sum(net_amount) as amount,
        sum(source_net_amount) as source_amount
    from conformed
    group by source_system
),

core_amounts as (
    select
        transactions.source_system,
        sum(transactions.net_amount) as amount,
        sum(
            case
                when transactions.transaction_date <= as_of_date.as_of_date
                    then transactions.net_amount
            end
        ) as amount_until_as_of_date
    from transactions
    cross join as_of_date
    group by transactions.source_system
),

kpi_amounts as (
    select
        'kpi_daily' as mart,
        sum(kpi_value) as amount
    from {{ ref('kpi_daily') }}
    where kpi = 'net_sales_amount'
    union all
    select
        'kpi_monthly' as mart,
        sum(kpi_value) as amount
    from {{ ref('kpi_monthly') }}
    where kpi = 'net_sales_amount'
),

total_until_as_of_date as (
    select sum(amount_until_as_of_date) as amount
    from core_amounts
),

rfm_amounts as (
    select sum(net_amount) as amount
    from {{ ref('customer_rfm') }}
),

buyers as (
    select
        transactions.customer_key,
        sum(
            case
                when {{ in_rfm_window('transactions.transaction_date') }}
                    then transactions.net_amount
            end
        ) as amount
    from transactions
    cross join as_of_date
    where
        transactions.transaction_date <= as_of_date.as_of_date
        and transactions.customer_key <> {{ unknown_key() }}
    group by transactions.customer_key
    having count(case when transactions.line_type = 'sale' then 1 end) > 0
),

rfm_window_amounts as (
    select sum(amount) as amount
    from buyers
),

steps as (
    select
        raw_amounts.source_system,
        'export files to raw' as step,
        landed_amounts.amount as amount_in,
        raw_amounts.amount as amount_out
    from raw_amounts
    left join landed_amounts
        on raw_amounts.source_system = landed_amounts.source_system

    union all

    -- What is left out on purpose is listed, so that the steps add up.
    select
        raw_amounts.source_system,
        'raw, not yet known at known_at: left out' as step,
        raw_amounts.amount - coalesce(raw_amounts.known_amount, 0) as amount_in,
        raw_amounts.amount - coalesce(raw_amounts.known_amount, 0) as amount_out
    from raw_amounts

    union all

    select
        raw_amounts.source_system,
        'raw, superseded by newer versions: left out' as step,
        raw_amounts.known_amount - raw_amounts.newest_amount as amount_in,
        raw_amounts.known_amount - raw_amounts.newest_amount as amount_out
    from raw_amounts

    union all

    select
        raw_amounts.source_system,
        'raw, different rows of one file with one key: kept' as step,
        raw_amounts.conflicting_amount as amount_in,
        raw_amounts.kept_amount as amount_out
    from raw_amounts

    union all

    select
        raw_amounts.source_system,
        'raw (newest versions) to conformed' as step,
        raw_amounts.newest_amount as amount_in,
        conformed_amounts.source_amount as amount_out
    from raw_amounts
    left join conformed_amounts
        on raw_amounts.source_system = conformed_amounts.source_system

    union all

    select
        conformed_amounts.source_system,
        'conformed to fct_transactions' as step,
        conformed_amounts.amount as amount_in,
        core_amounts.amount as amount_out
    from conformed_amounts
    left join core_amounts
        on conformed_amounts.source_system = core_amounts.source_system

    union all

    select
        'all' as source_system,
        'fct_transactions (until as_of_date) to ' || kpi_amounts.mart as step,
        total_until_as_of_date.amount as amount_in,
        kpi_amounts.amount as amount_out
    from kpi_amounts
    cross join total_until_as_of_date

    union all

    select
        'all' as source_system,
        'fct_transactions (buyers, RFM window) to customer_rfm' as step,
        rfm_window_amounts.amount as amount_in,
        rfm_amounts.amount as amount_out
    from rfm_window_amounts
    cross join rfm_amounts
)

select
    source_system,
    step,
    cast(coalesce(amount_in, 0) as decimal(38, 4)) as amount_in,
    cast(coalesce(amount_out, 0) as decimal(38, 4)) as amount_out,
    cast(coalesce(amount_out, 0) - coalesce(amount_in, 0) as decimal(38, 4))
        as difference_amount
from steps
