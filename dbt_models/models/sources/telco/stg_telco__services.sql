with

source_rows as (
    {{ newest_rows('telco', 'services') }}
),

renamed as (
    select
        "Customer ID" as customer_id,

        -- the contract
        "Contract" as contract_term,
        "Tenure in Months" as tenure_months,
        nullif("Offer", 'None') as last_offer,
        "Number of Referrals" as referral_count,
        "Payment Method" as payment_method,
        "Paperless Billing" as has_paperless_billing,

        -- services
        "Phone Service" as has_phone,
        "Multiple Lines" as has_multiple_lines,
        "Internet Service" as has_internet,
        nullif("Internet Type", 'None') as internet_type,
        "Online Security" as has_online_security,
        "Online Backup" as has_online_backup,
        "Device Protection Plan" as has_device_protection,
        "Premium Tech Support" as has_premium_support,
        "Unlimited Data" as has_unlimited_data,
        "Streaming TV" as is_streaming_television,
        "Streaming Movies" as is_streaming_movies,
        "Streaming Music" as is_streaming_music,
        "Avg Monthly GB Download" as average_monthly_gigabytes,

        -- money, in dollars
        "Monthly Charge" as monthly_charge,
        "Avg Monthly Long Distance Charges" as average_monthly_long_distance_charge,
        "Total Charges" as total_charges,
        "Total Extra Data Charges" as total_extra_data_charges,
        "Total Long Distance Charges" as total_long_distance_charges,
        "Total Refunds" as total_refunds,
        "Total Revenue" as total_revenue,

        _known_at
    from source_rows
)

select * from renamed
