{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='exemption_id') }}

with latest_granted as (
    select *
    from {{ ref('stg_exemption_granted') }}
    qualify row_number() over (partition by exemption_id order by leaf_index desc) = 1
),

latest_ended as (
    select *
    from {{ ref('stg_exemption_ended') }}
    qualify row_number() over (partition by exemption_id order by leaf_index desc) = 1
),

granted as (
    select
        exemption_id,
        person_id,
        organization_id,
        coalesce(requirement_id, recipient_id) as required_training_id,
        starts_on,
        ends_on,
        leaf_index
    from latest_granted
    {% if is_incremental() %}
    union all
    select
        exemption_id,
        person_id,
        organization_id,
        required_training_id,
        starts_on,
        ends_on,
        leaf_index
    from {{ this }}
    where
        exemption_id in (select exemption_id from latest_ended)
        and exemption_id not in (select exemption_id from latest_granted)
    {% endif %}
),

ended as (
    select
        exemption_id,
        ended_on,
        leaf_index
    from latest_ended
    {% if is_incremental() %}
    union all
    select
        exemption_id,
        ended_on,
        leaf_index
    from {{ this }}
    where
        ended_on is not null
        and exemption_id in (select exemption_id from latest_granted)
        and exemption_id not in (select exemption_id from latest_ended)
    {% endif %}
),

exemptions as (
    select
        granted.exemption_id,
        granted.person_id,
        granted.organization_id,
        granted.required_training_id,
        granted.starts_on,
        granted.ends_on,
        ended.ended_on,
        -- The first day it no longer holds: the day after the last, or the day it was taken back.
        least({{ add_days('granted.ends_on', 1) }}, ended.ended_on) as holds_until,
        greatest(granted.leaf_index, ended.leaf_index) as leaf_index
    from granted
    left join ended on granted.exemption_id = ended.exemption_id
)

select * from exemptions
