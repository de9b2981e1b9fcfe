-- What is met today stays met but for what lapses; of that as many come back as did in the windows of the past year.
with forecast_days as (
    select
        *,
        cast({{ days_between(as_of_on(), 'as_of_on') }} as integer) as horizon_days
    from {{ ref('int_compliance_on_reporting_days') }}
    where is_forecast
),

pace as (
    select * from {{ ref('int_renewal_pace') }}
),

expected as (
    select
        forecast_days.*,
        coalesce(pace.due_count, 0) as pace_due_count,
        coalesce(pace.renewed_count, 0) as pace_renewed_count,
        -- Nothing lapses: nothing is left to chance. Something does: a pace is read from twenty dues or more.
        case
            when forecast_days.lapsing_count = 0 then 0
            when pace.due_count >= {{ fewest_dues_for_a_pace() }} then {{ expected_renewals() }}
        end as expected_count,
        case
            when forecast_days.lapsing_count = 0 then 0
            when pace.due_count >= {{ fewest_dues_for_a_pace() }} then {{ renewals_at_least() }}
        end as low_count,
        case
            when forecast_days.lapsing_count = 0 then 0
            when pace.due_count >= {{ fewest_dues_for_a_pace() }} then {{ renewals_at_most() }}
        end as high_count
    from forecast_days
    left join pace
        on
            forecast_days.organization_id = pace.organization_id
            and forecast_days.horizon_days = pace.horizon_days
)

select
    organization_id,
    as_of_on,
    as_of_on as on_date,
    horizon_days,
    required_count,
    exempted_count,
    completed_count,
    {{ compliance_rate('completed_count', 'required_count', 'exempted_count') }} as compliance_rate,
    lapsing_count,
    pace_due_count,
    pace_renewed_count,
    {{ share('pace_renewed_count', 'pace_due_count') }} as renewal_pace,
    {{ compliance_rate('(completed_count + expected_count)', 'required_count', 'exempted_count') }} as expected_rate,
    {{ compliance_rate('(completed_count + low_count)', 'required_count', 'exempted_count') }} as low,
    {{ compliance_rate('(completed_count + high_count)', 'required_count', 'exempted_count') }} as high
from expected
