with months as (
    select * from {{ ref('int_outcome_months') }}
)

select
    months.organization_id,
    months.person_id,
    teams.team_id,
    months.month,
    months.month_version,
    months.job_count,
    months.first_time_fix_count,
    months.first_time_fix_known_count,
    months.callback_count,
    months.callback_known_count,
    months.rework_count,
    months.rework_known_count,
    months.incident_count,
    months.hours,
    months.hours_known_count,
    months.units_maintained,
    dates.trained_on,
    coalesce(months.month > dates.trained_on, false) as is_after_training,
    months.leaf_index
from months
left join {{ ref('int_last_teams') }} as teams
    on months.organization_id = teams.organization_id and months.person_id = teams.person_id
left join {{ ref('int_training_dates') }} as dates
    on
        months.organization_id = dates.organization_id
        and months.person_id = dates.person_id
        and dates.course_id is null
where months.job_count > 0
