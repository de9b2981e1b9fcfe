with policies as (
    select * from {{ ref('stg_policies') }}
)

select
    policy_id,
    organization_id,
    code,
    title,
    is_critical,
    latest_version,
    latest_effective_on,
    version_count
from policies
