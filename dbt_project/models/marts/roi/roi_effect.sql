-- What the ledger says of each current estimate, with what stands beside it in the operational record.
with all_entries as (
    select * from {{ ref('int_roi_entries') }}
    where entry = 'roi_estimated'
),

entries as (
    {{ latest_entries('all_entries', 'estimate_id') }}
),

estimates as (
    select * from {{ ref('stg_roi_estimates') }}
)

select
    estimates.estimate_id,
    estimates.organization_id,
    estimates.course_id,
    estimates.outcome_kind,
    entries.state,
    entries.effect,
    entries.low,
    entries.high,
    estimates.exposure,
    estimates.half_width,
    estimates.without_training,
    estimates.trained_count,
    estimates.compared_count,
    estimates.month_count,
    estimates.pre_trend_p,
    estimates.placebo_p,
    estimates.reason,
    estimates.what_would_change,
    entries.ledger_size,
    estimates.estimated_at,
    entries.leaf_index
from estimates
inner join entries on estimates.estimate_id = entries.estimate_id
