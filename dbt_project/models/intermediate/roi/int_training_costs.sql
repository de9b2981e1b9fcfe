-- Costs that stand: the last entry about a cost holds, and one that withdraws it leaves nothing.
with entries as (
    select * from {{ ref('int_training_cost_entries') }}
),

standing as (
    {{ latest_entries('entries', 'cost_id') }}
)

select
    standing.cost_id,
    standing.organization_id,
    standing.person_id,
    teams.team_id,
    standing.course_id,
    standing.cost_kind,
    standing.incurred_on,
    standing.amount,
    standing.currency,
    standing.leaf_index
from standing
left join {{ ref('int_last_teams') }} as teams
    on standing.organization_id = teams.organization_id and standing.person_id = teams.person_id
where standing.entry = 'training_cost_recorded'
