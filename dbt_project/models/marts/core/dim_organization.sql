with organizations as (
    select * from {{ ref('stg_organizations') }}
)

select
    organization_id,
    name,
    kind,
    region,
    timezone,
    is_simulated
from organizations
