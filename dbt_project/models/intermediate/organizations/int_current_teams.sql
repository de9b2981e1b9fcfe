with memberships as (
    select * from {{ ref('dim_membership') }}
),

-- The team of the longest-standing open membership that has one.
current_teams as (
    select
        organization_id,
        person_id,
        team_id
    from memberships
    where is_current and team_id is not null
    qualify row_number() over (partition by organization_id, person_id order by started_on, membership_id) = 1
)

select * from current_teams
