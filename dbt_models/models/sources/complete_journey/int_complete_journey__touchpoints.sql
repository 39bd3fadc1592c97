-- Coupons reach a household by mail when its campaign begins, and come back at the
-- till. The source knows days only.
with

campaigns as (
    select * from {{ ref('stg_complete_journey__campaign_descriptions') }}
),

contacts as (
    select * from {{ ref('stg_complete_journey__campaigns') }}
),

redemptions as (
    select * from {{ ref('stg_complete_journey__coupon_redemptions') }}
),

responses as (
    select distinct
        campaign_id,
        household_id
    from redemptions
),

mailings as (
    select
        'mailing-' || contacts.contact_id as source_touchpoint_id,
        contacts.household_id as source_customer_id,
        contacts.campaign_id as source_campaign_id,
        'mail' as channel,
        'outbound' as direction,
        'promotion' as touchpoint_type,
        case
            when responses.household_id is null then 'none' else 'responded'
        end as reaction,
        campaigns.start_date as touchpoint_date,
        contacts._known_at as known_at
    from contacts
    left join campaigns on contacts.campaign_id = campaigns.campaign_id
    left join responses
        on
            contacts.campaign_id = responses.campaign_id
            and contacts.household_id = responses.household_id
),

visits as (
    select
        'redemption-' || redemption_id as source_touchpoint_id,
        household_id as source_customer_id,
        campaign_id as source_campaign_id,
        'store' as channel,
        'inbound' as direction,
        'redemption' as touchpoint_type,
        cast(null as varchar) as reaction,
        redemption_date as touchpoint_date,
        _known_at as known_at
    from redemptions
)

select * from mailings
union all
select * from visits
