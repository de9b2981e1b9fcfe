with returns as (
    select * from {{ ref('int_roi') }}
    where level = 'company'
)

select
    organization_id,
    state,
    training_hours,
    cost,
    benefit,
    benefit_low,
    benefit_high,
    roi,
    roi_low,
    roi_high,
    interval_kind,
    currency,
    valued_count,
    counted_count,
    leaf_index
from returns
