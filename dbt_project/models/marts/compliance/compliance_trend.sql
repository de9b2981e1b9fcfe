with reporting_days as (
    select * from {{ ref('int_compliance_on_reporting_days') }}
)

select
    organization_id,
    as_of_on,
    required_count,
    exempted_count,
    completed_count,
    {{ compliance_rate('completed_count', 'required_count', 'exempted_count') }} as compliance_rate,
    overdue_count,
    due_14_days_count,
    expiring_30_days_count,
    expired_count
from reporting_days
where not is_forecast
