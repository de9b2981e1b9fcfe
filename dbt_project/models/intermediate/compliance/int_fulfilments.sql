{{ config(materialized='table') }}

-- A table of this build's touched people only, like the duties it answers.
with touched_people as (
    select distinct person_id from {{ ref('int_touched_pairs') }}
),

requirement_duties as (
    select distinct
        organization_id,
        person_id,
        required_training_id,
        course_id,
        certification_id
    from {{ ref('int_duties') }}
    where source = 'requirement'
),

recipients as (
    select
        assigned.organization_id,
        assigned.person_id,
        assigned.recipient_id,
        assigned.requirement_id,
        assigned.course_id,
        assigned.assigned_at,
        assigned.minimum_score,
        course_links.certification_id
    from {{ ref('int_assignment_recipients') }} as assigned
    inner join {{ ref('int_touched_pairs') }} as touched
        on assigned.organization_id = touched.organization_id and assigned.person_id = touched.person_id
    left join {{ ref('int_course_certifications') }} as course_links on assigned.course_id = course_links.course_id
),

requirements as (
    select
        terms.requirement_id,
        terms.course_id,
        coalesce(terms.certification_id, course_links.certification_id) as certification_id
    from {{ ref('int_requirements') }} as terms
    left join {{ ref('int_course_certifications') }} as course_links on terms.course_id = course_links.course_id
),

certificates as (
    select
        held.person_id,
        held.certification_id,
        held.issued_on,
        held.expires_on,
        {{ first_uncounted_on('held.expires_on', 'held.revoked_from') }} as counts_until,
        held.leaf_index
    from {{ ref('fct_certificate') }} as held
    where held.is_verified and not held.is_withdrawn and held.person_id in (select person_id from touched_people)
),

completions as (
    select
        done.person_id,
        done.course_id,
        done.ended_at,
        done.ended_on,
        done.final_score,
        done.leaf_index
    from {{ ref('fct_enrollment') }} as done
    where done.status = 'completed' and done.person_id in (select person_id from touched_people)
),

-- What a requirement asks of a person: its own duties, and those of assignments that are the means to meet it.
asked as (
    select
        organization_id,
        person_id,
        required_training_id,
        course_id,
        certification_id
    from requirement_duties
    union all
    select
        recipients.organization_id,
        recipients.person_id,
        recipients.recipient_id as required_training_id,
        requirements.course_id,
        requirements.certification_id
    from recipients
    inner join requirements on recipients.requirement_id = requirements.requirement_id
),

by_certificate as (
    select
        asked.organization_id,
        asked.person_id,
        asked.required_training_id,
        'certificate' as evidence,
        certificates.issued_on as counts_from,
        certificates.counts_until,
        certificates.expires_on as valid_until,
        cast(null as timestamp with time zone) as completed_at,
        certificates.leaf_index
    from asked
    inner join certificates
        on asked.person_id = certificates.person_id and asked.certification_id = certificates.certification_id
),

by_completion as (
    select
        asked.organization_id,
        asked.person_id,
        asked.required_training_id,
        'completion' as evidence,
        min(completions.ended_on) as counts_from,
        cast(null as date) as counts_until,
        cast(null as date) as valid_until,
        min(completions.ended_at) as completed_at,
        max(completions.leaf_index) as leaf_index
    from asked
    inner join completions
        on asked.person_id = completions.person_id and asked.course_id = completions.course_id
    where asked.certification_id is null
    group by all
),

recipient_completions as (
    select
        recipients.organization_id,
        recipients.person_id,
        recipients.recipient_id as required_training_id,
        recipients.certification_id,
        completions.ended_at >= recipients.assigned_at as is_since_assigned,
        min(completions.ended_on) as first_completed_on,
        min(completions.ended_at) as first_completed_at,
        max(completions.leaf_index) as leaf_index
    from recipients
    inner join completions
        on recipients.person_id = completions.person_id and recipients.course_id = completions.course_id
    where recipients.minimum_score is null or completions.final_score >= recipients.minimum_score
    group by all
),

since_assigned as (
    select
        organization_id,
        person_id,
        required_training_id,
        'completion' as evidence,
        first_completed_on as counts_from,
        cast(null as date) as counts_until,
        cast(null as date) as valid_until,
        first_completed_at as completed_at,
        leaf_index
    from recipient_completions
    where is_since_assigned
),

-- Completed before it was assigned: counts for as long as a certificate of the kind the course leads to does.
before_assigned as (
    select
        earlier.organization_id,
        earlier.person_id,
        earlier.required_training_id,
        'certificate' as evidence,
        certificates.issued_on as counts_from,
        certificates.counts_until,
        certificates.expires_on as valid_until,
        earlier.first_completed_at as completed_at,
        greatest(earlier.leaf_index, certificates.leaf_index) as leaf_index
    from recipient_completions as earlier
    inner join certificates
        on
            earlier.person_id = certificates.person_id
            and earlier.certification_id = certificates.certification_id
    where not earlier.is_since_assigned
),

fulfilments as (
    select * from by_certificate
    union all
    select * from by_completion
    union all
    select * from since_assigned
    union all
    select * from before_assigned
)

select * from fulfilments
where counts_until is null or counts_from < counts_until
