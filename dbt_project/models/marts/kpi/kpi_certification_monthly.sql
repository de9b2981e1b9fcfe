with certificates as (
    select * from {{ ref('fct_certificate') }}
    where not is_withdrawn
),

issued as (
    select
        {{ month_start('issued_on') }} as month_on,
        cast(count(*) filter (where renews_id is null) as bigint) as new_certificate_count
    from certificates
    where issued_on <= {{ as_of_on() }}
    group by all
),

-- Due in the month of the last day; what was revoked before that day was not due any more.
due as (
    select
        {{ month_start('expires_on') }} as month_on,
        cast(count(*) as bigint) as due_for_renewal_count,
        cast(count(*) filter (where renewed_by_id is not null) as bigint) as renewed_count
    from certificates
    where
        expires_on <= {{ month_end(as_of_on()) }}
        and (revoked_from is null or revoked_from > expires_on)
    group by all
),

asked as (
    select
        {{ month_start('on_date') }} as month_on,
        cast(sum(request_count) as bigint) as verification_request_count
    from {{ ref('verification_request_daily') }}
    group by all
),

months as (
    select month_on from issued
    union
    select month_on from due
    union
    select month_on from asked
)

select
    months.month_on,
    coalesce(issued.new_certificate_count, 0) as new_certificate_count,
    coalesce(due.renewed_count, 0) as renewed_count,
    coalesce(due.due_for_renewal_count, 0) as due_for_renewal_count,
    {{ share('due.renewed_count', 'due.due_for_renewal_count') }} as renewal_rate,
    coalesce(asked.verification_request_count, 0) as verification_request_count
from months
left join issued on months.month_on = issued.month_on
left join due on months.month_on = due.month_on
left join asked on months.month_on = asked.month_on
