{{ config(materialized='table') }}

-- Whose compliance has to be recomputed in this build; in a full build that is everybody.
with memberships as (
    select
        organization_id,
        person_id,
        leaf_index
    from {{ ref('dim_membership') }}
),

recipients as (
    select
        organization_id,
        person_id,
        course_id,
        leaf_index
    from {{ ref('int_assignment_recipients') }}
),

requirements as (
    select
        organization_id,
        course_id,
        leaf_index
    from {{ ref('int_requirements') }}
),

changed_courses as (
    select course_id
    from {{ ref('int_course_certifications') }}
    where changed_at_leaf_index > {{ var('from_leaf_index') }}
),

touched_people as (
    select person_id from memberships
    where {{ is_new() }}
    union
    select person_id from recipients
    where {{ is_new() }}
    union
    select person_id from recipients
    where course_id in (select course_id from changed_courses)
    union
    select person_id from {{ ref('fct_enrollment') }}
    where {{ is_new() }}
    union
    select person_id from {{ ref('fct_certificate') }}
    where {{ is_new() }}
    union
    select person_id from {{ ref('int_exemptions') }}
    where {{ is_new() }}
),

touched_organizations as (
    select organization_id
    from requirements
    where {{ is_new() }} or course_id in (select course_id from changed_courses)
),

pairs as (
    select
        organization_id,
        person_id
    from memberships
    union
    select
        organization_id,
        person_id
    from recipients
),

touched as (
    select
        pairs.organization_id,
        pairs.person_id
    from pairs
    where
        pairs.person_id in (select person_id from touched_people)
        or pairs.organization_id in (select organization_id from touched_organizations)
)

select * from touched
