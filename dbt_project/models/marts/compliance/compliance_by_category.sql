with trainings as (
    select * from {{ ref('fct_required_training') }}
),

measures as (
    select
        organization_id,
        category,
        {{ compliance_measures() }}
    from trainings
    group by organization_id, category
)

select
    measures.organization_id,
    measures.category,
    {{ compliance_columns('measures') }}
from measures
