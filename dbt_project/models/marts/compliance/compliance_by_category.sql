with people as (
    select * from {{ ref('int_compliance_by_person_category') }}
),

measures as (
    select
        organization_id,
        category,
        {{ compliance_totals() }}
    from people
    group by organization_id, category
)

select
    measures.organization_id,
    measures.category,
    {{ compliance_columns('measures') }}
from measures
