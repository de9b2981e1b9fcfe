with entries as (
    select * from {{ ref('int_visit_entries') }}
),

plans as (
    select * from entries
    where entry = 'visit_planned'
),

planned as (
    {{ latest_entries('plans', 'visit_id') }}
),

-- What took place or was called off is not planned again.
settled as (
    select
        visit_id,
        arg_max(is_done, leaf_index) as is_done,
        max(leaf_index) as leaf_index
    from entries
    where entry = 'visit_settled'
    group by visit_id
),

visits as (
    select
        planned.visit_id,
        planned.organization_id as owner_id,
        planned.contractor_id,
        planned.contract_id,
        planned.building_id,
        planned.equipment_id,
        planned.planned_on,
        case
            when settled.visit_id is null then 'planned'
            when settled.is_done then 'done'
            else 'cancelled'
        end as status,
        cast(planned.crew_size as bigint) as crew_size,
        greatest(planned.leaf_index, coalesce(settled.leaf_index, 0)) as leaf_index
    from planned
    left join settled on planned.visit_id = settled.visit_id
)

select
    visits.visit_id,
    visits.owner_id,
    visits.contractor_id,
    visits.contract_id,
    visits.building_id,
    visits.equipment_id,
    visits.planned_on,
    visits.status,
    visits.crew_size,
    visits.status = 'planned' and visits.planned_on >= {{ as_of_on() }} as is_ahead,
    visits.leaf_index
from visits
