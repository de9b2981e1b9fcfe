with daily as (
    select * from {{ ref('stg_daily_engagement') }}
)

select
    organization_id,
    course_id,
    {{ month_start('on_date') }} as month_on,
    cast(count(distinct person_id) as bigint) as active_people_count,
    cast(sum(session_count) as bigint) as session_count,
    cast(sum(mobile_session_count) as bigint) as mobile_session_count,
    cast(sum(minutes) as bigint) as minutes,
    cast(sum(interaction_count) as bigint) as interaction_count
from daily
group by all
