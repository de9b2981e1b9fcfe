with decisions as (
    select * from {{ ref('fct_crew_decision') }}
)

select
    owner_id,
    decided_on as on_date,
    contractor_id,
    building_id,
    outcome,
    is_qualified,
    cast(count(*) as bigint) as decision_count,
    max(leaf_index) as leaf_index
from decisions
group by all
