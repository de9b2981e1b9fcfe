with skills as (
    select * from {{ ref('skill_matrix') }}
    where status = 'active' and expires_on is not null
)

select
    organization_id,
    expires_on as on_date,
    certification_id,
    cast(count(*) as bigint) as expiring_count,
    cast(count(*) filter (where is_required) as bigint) as required_count,
    max(leaf_index) as leaf_index
from skills
group by all
