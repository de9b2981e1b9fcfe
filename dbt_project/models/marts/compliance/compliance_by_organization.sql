with people as (
    select * from {{ ref('compliance_by_person') }}
),

organizations as (
    select distinct organization_id from {{ ref('dim_membership') }}
),

measures as (
    select
        organization_id,
        {{ compliance_totals() }}
    from people
    group by organization_id
)

select
    organizations.organization_id,
    {{ compliance_columns('measures') }}
from organizations
left join measures on organizations.organization_id = measures.organization_id
