with trainings as (
    select * from {{ ref('fct_required_training') }}
),

people as (
    select distinct
        organization_id,
        person_id
    from {{ ref('dim_membership') }}
    where is_current
),

measures as (
    select
        organization_id,
        person_id,
        {{ compliance_measures() }}
    from trainings
    group by organization_id, person_id
)

select
    people.organization_id,
    people.person_id,
    {{ compliance_columns('measures') }}
from people
left join measures on people.organization_id = measures.organization_id and people.person_id = measures.person_id
