with estimates as (
    select * from {{ ref('roi_effect') }}
),

months as (
    select * from {{ ref('stg_roi_event_months') }}
)

select
    estimates.estimate_id,
    estimates.organization_id,
    estimates.course_id,
    estimates.outcome_kind,
    months.month_offset,
    months.effect,
    months.low,
    months.high,
    months.trained_count,
    estimates.leaf_index
from months
inner join estimates on months.estimate_id = estimates.estimate_id
