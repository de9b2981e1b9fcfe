-- Days on which an organization used training: enrolled somebody, assigned, required or recorded a certificate.
with enrollments as (
    select distinct
        organization_id,
        enrolled_on as used_on
    from {{ ref('fct_enrollment') }}
    where organization_id is not null
),

assignments as (
    select distinct
        organization_id,
        assigned_on as used_on
    from {{ ref('int_assignment_recipients') }}
),

requirements as (
    select distinct
        organization_id,
        effective_from as used_on
    from {{ ref('int_requirements') }}
),

certificates as (
    select distinct
        organization_id,
        issued_on as used_on
    from {{ ref('fct_certificate') }}
    where organization_id is not null and not is_withdrawn
),

training_days as (
    select * from enrollments
    union
    select * from assignments
    union
    select * from requirements
    union
    select * from certificates
)

select * from training_days
