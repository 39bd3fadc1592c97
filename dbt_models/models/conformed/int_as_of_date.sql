-- A day is complete in a source once a later day's load of its transactions (the tables
-- with a control amount) has seen it: an export that was loaded during a day holds only
-- a part of that day. A date after the load is a mistake and completes nothing. Where
-- no source has transactions, the run looks at all that was loaded.
with

transactions as (
    select * from {{ ref('int_transactions') }}
),

loads as (
    select * from {{ source('ops', 'loads') }}
),

run_parameters as (
    select * from {{ source('ops', 'run_parameters') }}
),

last_loads as (
    select
        source_system,
        max({{ business_date('loaded_at') }}) as last_load_date
    from loads
    where control_amount is not null
    group by source_system
),

load_days as (
    select
        source_system,
        last_load_date,
        {{ start_of_business_date(dateadd('day', 1, 'last_load_date')) }} as ends_at
    from last_loads
),

-- The zone's calendar takes long: it is asked for two moments, not for each line.
transaction_times as (
    select
        transactions.source_system,
        min(transactions.transaction_at) as first_transaction_at,
        max(transactions.transaction_at) as last_transaction_at
    from transactions
    inner join load_days on transactions.source_system = load_days.source_system
    where transactions.transaction_at < load_days.ends_at
    group by transactions.source_system
),

transaction_days as (
    select
        source_system,
        {{ business_date('first_transaction_at') }} as first_transaction_date,
        {{ business_date('last_transaction_at') }} as last_transaction_date
    from transaction_times
),

last_load as (
    select max({{ business_date('loaded_at') }}) as last_load_date
    from loads
    where not exists (select 1 from {{ ref('int_transactions') }})
),

complete_days as (
    select
        min(transaction_days.first_transaction_date) as first_transaction_date,
        min(
            least(
                transaction_days.last_transaction_date,
                load_days.last_load_date - 1
            )
        ) as last_complete_date
    from transaction_days
    inner join load_days on transaction_days.source_system = load_days.source_system
)

select
    coalesce(
        run_parameters.as_of_date,
        complete_days.last_complete_date,
        last_load.last_load_date
    ) as as_of_date,
    complete_days.first_transaction_date,
    complete_days.last_complete_date,
    run_parameters.began_at
from run_parameters
cross join complete_days
cross join last_load
