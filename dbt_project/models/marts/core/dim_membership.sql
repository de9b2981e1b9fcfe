{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='membership_id') }}

with latest_start as (
    select *
    from {{ ref('stg_membership_started') }}
    qualify row_number() over (partition by membership_id order by leaf_index desc) = 1
),

latest_end as (
    select *
    from {{ ref('stg_membership_ended') }}
    qualify row_number() over (partition by membership_id order by leaf_index desc) = 1
),

starts as (
    select
        membership_id,
        person_id,
        organization_id,
        team_id,
        role,
        persona,
        started_on,
        leaf_index
    from latest_start
    {% if is_incremental() %}
    union all
    select
        membership_id,
        person_id,
        organization_id,
        team_id,
        role,
        persona,
        started_on,
        leaf_index
    from {{ this }}
    where
        membership_id in (select membership_id from latest_end)
        and membership_id not in (select membership_id from latest_start)
    {% endif %}
),

ends as (
    select
        membership_id,
        ended_on,
        leaf_index
    from latest_end
    {% if is_incremental() %}
    union all
    select
        membership_id,
        ended_on,
        leaf_index
    from {{ this }}
    where
        ended_on is not null
        and membership_id in (select membership_id from latest_start)
        and membership_id not in (select membership_id from latest_end)
    {% endif %}
),

memberships as (
    select
        starts.membership_id,
        starts.person_id,
        starts.organization_id,
        starts.team_id,
        starts.role,
        starts.persona,
        starts.started_on,
        ends.ended_on,
        starts.started_on <= {{ as_of_on() }} and coalesce(ends.ended_on > {{ as_of_on() }}, true) as is_current,
        greatest(starts.leaf_index, ends.leaf_index) as leaf_index
    from starts
    left join ends on starts.membership_id = ends.membership_id
)

select * from memberships
