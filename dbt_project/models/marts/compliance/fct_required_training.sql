{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}
-- depends_on: {{ ref('int_touched_pairs') }}

with duties as (
    select *
    from {{ ref('int_duties') }}
    where required_from <= {{ as_of_on() }} and (required_until is null or required_until > {{ as_of_on() }})
),

-- Several memberships may ask for the same training; the longest-standing one gives the role and the due date.
required as (
    select
        organization_id,
        person_id,
        required_training_id,
        source,
        category,
        course_id,
        certification_id,
        -- A key of its own: as a condition of the join it would make the join compare every pair of rows.
        case when is_for_certification then certification_id end as studied_certification_id,
        arg_min(role, (member_since_on, membership_id)) as role,
        min(due_on) as due_on,
        max(leaf_index) as leaf_index
    from duties
    group by all
),

fulfilments as (
    select * from {{ ref('int_fulfilments_of_day') }}
),

exemptions as (
    select * from {{ ref('int_exemptions_of_day') }}
),

studying_course as (
    select
        person_id,
        course_id,
        max(leaf_index) as leaf_index
    from {{ ref('int_open_enrollments') }}
    group by all
),

studying_certification as (
    select
        person_id,
        certification_id,
        max(leaf_index) as leaf_index
    from {{ ref('int_open_enrollments') }}
    where certification_id is not null
    group by all
),

teams as (
    select * from {{ ref('int_current_teams') }}
),

joined as (
    select
        required.organization_id,
        required.person_id,
        required.required_training_id,
        required.source,
        required.category,
        required.course_id,
        required.certification_id,
        teams.team_id,
        required.role,
        -- Met before and lapsed: owed from the first day it no longer counted.
        case
            when required.source = 'requirement' then coalesce(fulfilments.lapsed_on, required.due_on)
            else required.due_on
        end as due_on,
        coalesce(exemptions.is_exempted, false) as is_exempted,
        coalesce(fulfilments.is_completed, false) as is_completed,
        coalesce(studying_course.leaf_index, studying_certification.leaf_index) is not null as is_in_progress,
        fulfilments.completed_on,
        fulfilments.valid_until,
        case when required.source = 'requirement' then fulfilments.lapsed_on end as lapsed_on,
        greatest(
            required.leaf_index,
            fulfilments.leaf_index,
            exemptions.leaf_index,
            studying_course.leaf_index,
            studying_certification.leaf_index
        ) as leaf_index
    from required
    left join fulfilments
        on
            required.organization_id = fulfilments.organization_id
            and required.person_id = fulfilments.person_id
            and required.required_training_id = fulfilments.required_training_id
    left join exemptions
        on
            required.person_id = exemptions.person_id
            and required.required_training_id = exemptions.required_training_id
    left join studying_course
        on required.person_id = studying_course.person_id and required.course_id = studying_course.course_id
    left join studying_certification
        on
            required.person_id = studying_certification.person_id
            and required.studied_certification_id = studying_certification.certification_id
    left join teams
        on required.organization_id = teams.organization_id and required.person_id = teams.person_id
),

judged as (
    select
        organization_id,
        person_id,
        required_training_id,
        source,
        category,
        course_id,
        certification_id,
        team_id,
        role,
        due_on,
        {{ training_status('is_exempted', 'is_completed', 'due_on', 'is_in_progress') }} as status,
        completed_on,
        valid_until,
        lapsed_on,
        leaf_index
    from joined
),

trainings as (
    select
        organization_id,
        person_id,
        required_training_id,
        source,
        category,
        course_id,
        certification_id,
        team_id,
        role,
        due_on,
        status,
        completed_on,
        valid_until,
        lapsed_on,
        case
            when status = 'overdue' then cast({{ days_between('due_on', as_of_on()) }} as integer)
        end as days_overdue,
        leaf_index
    from judged
)

select * from trainings
