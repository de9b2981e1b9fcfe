with dues as (
    select * from {{ ref('int_certificate_dues') }}
    where due_on <= {{ as_of_on() }}
),

monthly as (
    select
        organization_id,
        {{ month_start('due_on') }} as month,
        cast(count(*) as bigint) as due_count,
        cast(count(*) filter (where renewed_on is not null) as bigint) as renewed_count,
        cast(count(*) filter (where lead_days >= 0) as bigint) as renewed_in_time_count,
        cast({{ median_value('lead_days') }} as double) as median_lead_days
    from dues
    group by all
)

select
    organization_id,
    month,
    due_count,
    renewed_count,
    renewed_in_time_count,
    {{ share('renewed_count', 'due_count') }} as renewal_rate,
    median_lead_days
from monthly
