with teams as (
    select * from {{ ref('stg_teams') }}
)

select
    team_id,
    organization_id,
    name
from teams
