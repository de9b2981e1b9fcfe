with people as (
    select
        members.team_id,
        counts.*
    from {{ ref('compliance_by_person') }} as counts
    inner join {{ ref('int_current_teams') }} as members
        on counts.organization_id = members.organization_id and counts.person_id = members.person_id
),

teams as (
    select * from {{ ref('dim_team') }}
),

measures as (
    select
        organization_id,
        team_id,
        {{ compliance_totals() }}
    from people
    group by organization_id, team_id
)

select
    teams.organization_id,
    teams.team_id,
    {{ compliance_columns('measures') }}
from teams
left join measures on teams.organization_id = measures.organization_id and teams.team_id = measures.team_id
