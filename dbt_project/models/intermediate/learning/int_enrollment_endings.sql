with completed as (
    select * from {{ ref('stg_enrollment_completed') }}
),

failed as (
    select * from {{ ref('stg_enrollment_failed') }}
),

dropped as (
    select * from {{ ref('stg_enrollment_dropped') }}
),

endings as (
    select
        enrollment_id,
        'completed' as status,
        occurred_at as ended_at,
        final_score,
        ce_credits,
        leaf_index
    from completed
    union all
    select
        enrollment_id,
        'failed' as status,
        occurred_at as ended_at,
        null as final_score,
        0 as ce_credits,
        leaf_index
    from failed
    union all
    select
        enrollment_id,
        'dropped' as status,
        occurred_at as ended_at,
        null as final_score,
        0 as ce_credits,
        leaf_index
    from dropped
),

latest as (
    {{ latest_entries('endings', 'enrollment_id') }}
)

select * from latest
