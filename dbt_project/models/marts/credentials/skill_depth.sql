with skills as (
    select * from {{ ref('skill_matrix') }}
),

depth as (
    select
        organization_id,
        certification_id,
        cast(count(*) filter (where status = 'active') as bigint) as holder_count,
        cast(count(*) filter (where is_required) as bigint) as required_count,
        cast(count(*) filter (where is_required and status <> 'active') as bigint) as short_count,
        cast(count(*) filter (where status = 'active' and days_to_expiry <= 90) as bigint) as expiring_90_days_count,
        min(expires_on) filter (where status = 'active') as next_expiry_on,
        max(leaf_index) as leaf_index
    from skills
    group by organization_id, certification_id
)

select
    organization_id,
    certification_id,
    holder_count,
    holder_count = 1 as is_one_deep,
    required_count,
    short_count,
    expiring_90_days_count,
    next_expiry_on,
    leaf_index
from depth
