{{ config(materialized='table') }}

-- A table of this build's touched people only: two marts and the fulfilments read it.
with touched as (
    select * from {{ ref('int_touched_pairs') }}
),

memberships as (
    select members.*
    from {{ ref('dim_membership') }} as members
    inner join touched
        on members.organization_id = touched.organization_id and members.person_id = touched.person_id
),

requirements as (
    select * from {{ ref('int_requirements') }}
),

recipients as (
    select assigned.*
    from {{ ref('int_assignment_recipients') }} as assigned
    inner join touched
        on assigned.organization_id = touched.organization_id and assigned.person_id = touched.person_id
    where assigned.is_mandatory and assigned.requirement_id is null
),

course_certifications as (
    select * from {{ ref('int_course_certifications') }}
),

by_requirement as (
    select
        memberships.organization_id,
        memberships.person_id,
        requirements.requirement_id as required_training_id,
        'requirement' as source,
        requirements.category,
        requirements.course_id,
        coalesce(requirements.certification_id, course_certifications.certification_id) as certification_id,
        requirements.certification_id is not null as is_for_certification,
        memberships.membership_id,
        memberships.role,
        memberships.started_on as member_since_on,
        greatest(memberships.started_on, requirements.effective_from) as required_from,
        least(memberships.ended_on, requirements.ended_on) as required_until,
        {{ add_days(
            'greatest(memberships.started_on, requirements.effective_from)', 'requirements.due_within_days'
        ) }} as due_on,
        greatest(memberships.leaf_index, requirements.leaf_index) as leaf_index
    from memberships
    inner join requirements
        on
            memberships.organization_id = requirements.organization_id
            and (requirements.team_id is null or memberships.team_id = requirements.team_id)
            and (
                memberships.role = requirements.role
                or (
                    requirements.role is null
                    and memberships.role in (
                        'technician', 'student', 'mentor', 'supervisor', 'company_manager', 'instructor'
                    )
                )
            )
    left join course_certifications on requirements.course_id = course_certifications.course_id
),

by_assignment as (
    select
        recipients.organization_id,
        recipients.person_id,
        recipients.recipient_id as required_training_id,
        'assignment' as source,
        recipients.category,
        recipients.course_id,
        course_certifications.certification_id,
        false as is_for_certification,
        memberships.membership_id,
        memberships.role,
        memberships.started_on as member_since_on,
        greatest(memberships.started_on, recipients.assigned_on) as required_from,
        least(memberships.ended_on, recipients.cancelled_on) as required_until,
        recipients.due_on,
        greatest(memberships.leaf_index, recipients.leaf_index) as leaf_index
    from recipients
    inner join memberships
        on recipients.organization_id = memberships.organization_id and recipients.person_id = memberships.person_id
    left join course_certifications on recipients.course_id = course_certifications.course_id
),

duties as (
    select * from by_requirement
    union all
    select * from by_assignment
)

select * from duties
where required_until is null or required_from < required_until
