with

campaigns as (
    select * from {{ ref('dim_campaigns') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

as_of_date as (
    select * from {{ ref('int_as_of_date') }}
),

-- A customer's first contact and first answer, and how many of each.
customer_contacts as (
    select
        touchpoints.campaign_key,
        nullif(touchpoints.customer_key, {{ unknown_key() }}) as known_customer_key,
        count(
            case when touchpoints.direction = 'outbound' then 1 end
        ) as contact_count,
        count(
            case when touchpoints.direction = 'inbound' then 1 end
        ) as response_count,
        min(
            case
                when touchpoints.direction = 'outbound'
                    then touchpoints.touchpoint_date
            end
        ) as first_contact_date,
        min(
            case
                when touchpoints.direction = 'inbound'
                    then touchpoints.touchpoint_date
            end
        ) as first_response_date,
        sum(touchpoints.cost_amount) as cost_amount
    from touchpoints
    cross join as_of_date
    where touchpoints.touchpoint_date <= as_of_date.as_of_date
    group by touchpoints.campaign_key, touchpoints.customer_key
),

campaign_contacts as (
    select
        campaign_key,
        cast(sum(contact_count) as integer) as contact_count,
        count(
            case when contact_count > 0 then known_customer_key end
        ) as contacted_customer_count,
        cast(sum(response_count) as integer) as response_count,
        count(
            case
                when contact_count > 0 and response_count > 0 then known_customer_key
            end
        ) as responding_customer_count,
        cast(
            avg({{ datediff('first_contact_date', 'first_response_date', 'day') }})
            as decimal(18, 1)
        ) as average_days_to_response,
        cast(sum(cost_amount) as decimal(18, 4)) as cost_amount
    from customer_contacts
    group by campaign_key
)

select
    campaigns.campaign_key,
    campaigns.source_system,
    campaigns.source_campaign_id,
    campaigns.campaign_name,
    campaigns.campaign_type,
    campaigns.start_date,
    campaigns.end_date,
    as_of_date.as_of_date,
    campaigns.end_date >= as_of_date.as_of_date as is_running,
    coalesce(campaign_contacts.contact_count, 0) as contact_count,
    coalesce(campaign_contacts.contacted_customer_count, 0)
        as contacted_customer_count,
    coalesce(campaign_contacts.response_count, 0) as response_count,
    coalesce(campaign_contacts.responding_customer_count, 0)
        as responding_customer_count,
    cast(
        1.0 * campaign_contacts.responding_customer_count
        / nullif(campaign_contacts.contacted_customer_count, 0) as decimal(9, 4)
    ) as response_rate,
    campaign_contacts.average_days_to_response,
    campaign_contacts.cost_amount
from campaigns
cross join as_of_date
left join campaign_contacts on campaigns.campaign_key = campaign_contacts.campaign_key
where
    campaigns.campaign_key <> {{ unknown_key() }}
    and (
        campaigns.start_date is null
        or campaigns.start_date <= as_of_date.as_of_date
    )
