{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}

with touched as (
    select * from {{ ref('int_touched_pairs') }}
),

people as (
    select distinct
        members.organization_id,
        members.person_id
    from {{ ref('dim_membership') }} as members
    inner join touched
        on members.organization_id = touched.organization_id and members.person_id = touched.person_id
    where members.is_current
),

measures as (
    select
        counts.organization_id,
        counts.person_id,
        {{ compliance_totals() }}
    from {{ ref('int_compliance_by_person_category') }} as counts
    inner join people
        on counts.organization_id = people.organization_id and counts.person_id = people.person_id
    group by counts.organization_id, counts.person_id
),

by_person as (
    select
        people.organization_id,
        people.person_id,
        {{ compliance_columns('measures', is_one_person=true) }}
    from people
    left join measures on people.organization_id = measures.organization_id and people.person_id = measures.person_id
)

select * from by_person
