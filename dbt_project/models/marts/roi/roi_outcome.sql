-- What each valued outcome contributed to the organization's return, and to each course's; teams share the company's.
with benefits as (
    select * from {{ ref('int_roi_benefits') }}
    where level in ('company', 'course')
)

select
    organization_id,
    course_id,
    outcome_kind,
    state,
    is_counted,
    cast(exposure as double) as exposure,
    cast(unit_value as double) as unit_value,
    currency,
    cast(units as double) as units,
    cast(benefit as double) as benefit,
    cast(benefit_low as double) as benefit_low,
    cast(benefit_high as double) as benefit_high,
    leaf_index
from benefits
