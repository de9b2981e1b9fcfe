{{ config(materialized='table') }}

-- Per technician: how many of the newest certificates are in date, hours and money of the 365 days up to the day. On
-- the release's day and the one it is compared with.
with days as (
    select {{ as_of_on() }} as on_date
    union all
    select {{ add_days(as_of_on(), -trend_days()) }} as on_date
),

contractors as (
    select distinct contractor_id
    from {{ ref('dim_service_contract') }}
    where is_current
),

technicians as (
    select distinct
        days.on_date,
        members.organization_id as contractor_id,
        members.person_id
    from {{ ref('dim_membership') }} as members
    inner join days
        on
            members.started_on <= days.on_date
            and (members.ended_on is null or members.ended_on > days.on_date)
    where
        members.role = 'technician'
        and members.organization_id in (select contractors.contractor_id from contractors)
),

newest as (
    select
        technicians.on_date,
        technicians.contractor_id,
        coalesce(certificates.expires_on >= technicians.on_date, true) as is_in_date
    from {{ ref('fct_certificate') }} as certificates
    inner join technicians on certificates.person_id = technicians.person_id
    where
        certificates.is_verified
        and not certificates.is_withdrawn
        and certificates.issued_on <= technicians.on_date
        and (certificates.revoked_from is null or certificates.revoked_from > technicians.on_date)
    qualify row_number() over (
        partition by
            technicians.on_date,
            technicians.contractor_id,
            certificates.person_id,
            certificates.certification_id
        order by certificates.expires_on desc nulls first, certificates.certificate_id asc
    ) = 1
),

certificates as (
    select
        on_date,
        contractor_id,
        count(*) as certificate_count,
        count(*) filter (where is_in_date) as in_date_count
    from newest
    group by on_date, contractor_id
),

enrollments as (
    select
        enrollments.organization_id as contractor_id,
        enrollments.enrolled_on,
        coalesce(enrollments.ended_on, {{ utc_date('enrollments.last_event_at') }}) as last_on,
        enrollments.time_spent_minutes,
        courses.price,
        courses.currency
    from {{ ref('fct_enrollment') }} as enrollments
    left join {{ ref('stg_courses') }} as courses on enrollments.course_id = courses.course_id
    where
        enrollments.organization_id in (select contractors.contractor_id from contractors)
        and enrollments.last_event_at >= {{ add_days(as_of_on(), -(365 + trend_days())) }}
),

training as (
    select
        days.on_date,
        enrollments.contractor_id,
        sum(enrollments.time_spent_minutes) filter (
            where
            enrollments.last_on <= days.on_date
            and enrollments.last_on > {{ add_days('days.on_date', -365) }}
        ) as minutes,
        sum(enrollments.price) filter (
            where
            enrollments.enrolled_on <= days.on_date
            and enrollments.enrolled_on > {{ add_days('days.on_date', -365) }}
        ) as spend,
        count(distinct case when enrollments.price > 0 then enrollments.currency end) as currency_count,
        min(case when enrollments.price > 0 then enrollments.currency end) as currency
    from enrollments
    cross join days
    group by days.on_date, enrollments.contractor_id
),

people as (
    select
        on_date,
        contractor_id,
        cast(count(*) as bigint) as technician_count
    from technicians
    group by on_date, contractor_id
)

select
    days.on_date,
    contractors.contractor_id,
    coalesce(people.technician_count, 0) as technician_count,
    {{ share('certificates.in_date_count', 'certificates.certificate_count') }} as certificates_in_date_rate,
    {{ share('coalesce(training.minutes, 0)', '60 * people.technician_count') }} as training_hours_per_technician,
    -- Money of several currencies is not added up.
    case
        when coalesce(training.currency_count, 0) <= 1
            then {{ share('coalesce(training.spend, 0)', 'people.technician_count') }}
    end as training_spend_per_technician,
    case when training.currency_count = 1 then training.currency end as currency
from contractors
cross join days
left join people on contractors.contractor_id = people.contractor_id and days.on_date = people.on_date
left join certificates
    on contractors.contractor_id = certificates.contractor_id and days.on_date = certificates.on_date
left join training on contractors.contractor_id = training.contractor_id and days.on_date = training.on_date
