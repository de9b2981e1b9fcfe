with trainings as (
    select * from {{ ref('fct_required_training') }}
),

teams as (
    select * from {{ ref('dim_team') }}
),

measures as (
    select
        organization_id,
        team_id,
        {{ compliance_measures() }}
    from trainings
    where team_id is not null
    group by organization_id, team_id
)

select
    teams.organization_id,
    teams.team_id,
    {{ compliance_columns('measures') }}
from teams
left join measures on teams.organization_id = measures.organization_id and teams.team_id = measures.team_id
