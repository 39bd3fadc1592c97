-- Whether a customer left, and what leaks it: the contract says of each column how.
with

source_rows as (
    {{ newest_rows('telco', 'statuses') }}
),

renamed as (
    select
        "Customer ID" as customer_id,
        "Customer Status" as customer_status,
        "Churn Label" as has_churned,
        "Churn Category" as churn_category,
        "Churn Reason" as churn_reason,
        "Satisfaction Score" as satisfaction_score,
        "Churn Score" as publisher_churn_score,
        "CLTV" as publisher_lifetime_value,
        _known_at
    from source_rows
)

select * from renamed
