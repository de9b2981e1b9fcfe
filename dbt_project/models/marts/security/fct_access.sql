with entries as (
    select * from {{ ref('int_access_entries') }}
),

grants as (
    select
        access_id,
        arg_max(person_id, leaf_index) as person_id,
        arg_max(organization_id, leaf_index) as organization_id,
        arg_max(action, leaf_index) as action,
        arg_max(holds_from, leaf_index) filter (where entry = 'access_granted') as granted_on,
        arg_max(holds_until, leaf_index) filter (where entry = 'access_removed') as removed_on,
        max(leaf_index) as leaf_index
    from entries
    where access_id is not null
    group by access_id
)

select
    access_id,
    person_id,
    organization_id,
    action,
    granted_on,
    removed_on,
    granted_on <= {{ as_of_on() }} and coalesce(removed_on > {{ as_of_on() }}, true) as is_current,
    leaf_index
from grants
where granted_on is not null
