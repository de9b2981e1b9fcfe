{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='recipient_id') }}

with latest_assigned as (
    select *
    from {{ ref('stg_training_assigned') }}
    qualify row_number() over (partition by recipient_id order by leaf_index desc) = 1
),

latest_cancelled as (
    select *
    from {{ ref('stg_training_assignment_cancelled') }}
    qualify row_number() over (partition by recipient_id order by leaf_index desc) = 1
),

assigned as (
    select
        recipient_id,
        assignment_id,
        person_id,
        organization_id,
        course_id,
        requirement_id,
        category,
        occurred_at as assigned_at,
        due_on,
        is_mandatory,
        minimum_score,
        leaf_index
    from latest_assigned
    {% if is_incremental() %}
    union all
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
        leaf_index
    from {{ this }}
    where
        recipient_id in (select recipient_id from latest_cancelled)
        and recipient_id not in (select recipient_id from latest_assigned)
    {% endif %}
),

cancelled as (
    select
        recipient_id,
        {{ utc_date('occurred_at') }} as cancelled_on,
        leaf_index
    from latest_cancelled
    {% if is_incremental() %}
    union all
    select
        recipient_id,
        cancelled_on,
        leaf_index
    from {{ this }}
    where
        cancelled_on is not null
        and recipient_id in (select recipient_id from latest_assigned)
        and recipient_id not in (select recipient_id from latest_cancelled)
    {% endif %}
),

recipients as (
    select
        assigned.recipient_id,
        assigned.assignment_id,
        assigned.person_id,
        assigned.organization_id,
        assigned.course_id,
        assigned.requirement_id,
        assigned.category,
        assigned.assigned_at,
        {{ utc_date('assigned.assigned_at') }} as assigned_on,
        assigned.due_on,
        assigned.is_mandatory,
        assigned.minimum_score,
        cancelled.cancelled_on,
        greatest(assigned.leaf_index, cancelled.leaf_index) as leaf_index
    from assigned
    left join cancelled on assigned.recipient_id = cancelled.recipient_id
)

select * from recipients
