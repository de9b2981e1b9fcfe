{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='recipient_id') }}

with touched as (
    select * from {{ ref('int_touched_pairs') }}
),

recipients as (
    select assigned.*
    from {{ ref('int_assignment_recipients') }} as assigned
    inner join touched
        on assigned.organization_id = touched.organization_id and assigned.person_id = touched.person_id
),

fulfilments as (
    select * from {{ ref('int_fulfilments_of_day') }}
),

exemptions as (
    select * from {{ ref('int_exemptions_of_day') }}
),

studying as (
    select
        person_id,
        course_id,
        max(leaf_index) as leaf_index
    from {{ ref('int_open_enrollments') }}
    group by all
),

joined as (
    select
        recipients.*,
        coalesce(own_exemptions.is_exempted, false)
        or coalesce(requirement_exemptions.is_exempted, false) as is_exempted,
        coalesce(fulfilments.is_completed, false) as is_completed,
        studying.person_id is not null as is_in_progress,
        case
            when fulfilments.is_completed
                then coalesce(fulfilments.completed_at, cast(fulfilments.completed_on as timestamp with time zone))
        end as completed_at,
        greatest(
            recipients.leaf_index,
            own_exemptions.leaf_index,
            requirement_exemptions.leaf_index,
            fulfilments.leaf_index,
            studying.leaf_index
        ) as last_leaf_index
    from recipients
    left join fulfilments
        on
            recipients.organization_id = fulfilments.organization_id
            and recipients.person_id = fulfilments.person_id
            and recipients.recipient_id = fulfilments.required_training_id
    left join exemptions as own_exemptions
        on
            recipients.person_id = own_exemptions.person_id
            and recipients.recipient_id = own_exemptions.required_training_id
    left join exemptions as requirement_exemptions
        on
            recipients.person_id = requirement_exemptions.person_id
            and recipients.requirement_id = requirement_exemptions.required_training_id
    left join studying
        on recipients.person_id = studying.person_id and recipients.course_id = studying.course_id
),

assignments as (
    select
        recipient_id,
        assignment_id,
        person_id,
        organization_id,
        course_id,
        requirement_id,
        category,
        assigned_at,
        due_on,
        is_mandatory,
        minimum_score,
        {{ training_status('is_exempted', 'is_completed', 'due_on', 'is_in_progress') }} as status,
        completed_at,
        coalesce(cancelled_on <= {{ as_of_on() }}, false) as is_cancelled,
        last_leaf_index as leaf_index
    from joined
)

select * from assignments
