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

load_days as (
    select
        source_system,
        max({{ business_date('loaded_at') }}) as last_load_date
    from loads
    where control_amount is not null
    group by source_system
),

transaction_days as (
    select
        transactions.source_system,
        min(transactions.transaction_date) as first_transaction_date,
        max(transactions.transaction_date) as last_transaction_date
    from transactions
    inner join load_days on transactions.source_system = load_days.source_system
    where transactions.transaction_date <= load_days.last_load_date
    group by transactions.source_system
),

last_load as (
    select max({{ business_date('loaded_at') }}) as last_load_date
    from loads
    where not exists (select 1 from transactions)
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
    complete_days.last_complete_date
from run_parameters
cross join complete_days
cross join last_load
