{{ config(materialized='table') }}

-- The value of each success criterion in each of the last 24 months, with what it is made of.
with months as (
    select * from {{ ref('int_kpi_months') }}
),

courses as (
    select
        {{ utc_date('published_at') }} as published_on,
        cast(count(*) as bigint) as course_count
    from {{ ref('dim_course') }}
    where status = 'published' and published_at is not null
    group by all
),

completions as (
    select
        ended_on,
        cast(count(*) as bigint) as completion_count,
        sum(ce_credits) as ce_credits
    from {{ ref('fct_enrollment') }}
    where status = 'completed'
    group by all
),

certificates as (
    select
        issued_on,
        {{ first_uncounted_on('expires_on', 'revoked_from') }} as counts_until,
        cast(count(*) as bigint) as certificate_count
    from {{ ref('fct_certificate') }}
    where is_verified and not is_withdrawn
    group by all
),

mentorships as (
    select
        started_on,
        ended_on,
        cast(count(*) as bigint) as mentorship_count
    from {{ ref('int_mentorships') }}
    where started_on is not null
    group by all
),

companies as (
    select
        used.organization_id,
        used.last_used_on
    from {{ ref('int_training_months') }} as used
    inner join {{ ref('dim_organization') }} as organizations on used.organization_id = organizations.organization_id
    where organizations.kind = 'service_company'
),

partnerships as (
    select * from {{ ref('int_school_partnerships') }}
),

sessions as (
    select
        month_on,
        sum(session_count) as session_count,
        sum(mobile_session_count) as mobile_session_count
    from {{ ref('int_engagement_people_months') }}
    group by all
),

kpi_values as (
    select
        'course_catalog_size' as criterion_code,
        months.month_on,
        cast(coalesce(sum(courses.course_count), 0) as double) as numerator,
        cast(null as double) as denominator,
        cast(null as date) as measured_from,
        months.measured_on as measured_to
    from months
    left join courses on months.measured_on >= courses.published_on
    group by all
    union all
    select
        'training_completions_per_month' as criterion_code,
        months.month_on,
        cast(coalesce(sum(completions.completion_count), 0) as double) as numerator,
        null as denominator,
        months.month_on as measured_from,
        months.measured_on as measured_to
    from months
    left join completions on completions.ended_on between months.month_on and months.measured_on
    group by all
    union all
    select
        'certifications_tracked' as criterion_code,
        months.month_on,
        cast(coalesce(sum(certificates.certificate_count), 0) as double) as numerator,
        null as denominator,
        null as measured_from,
        months.measured_on as measured_to
    from months
    left join certificates
        on
            months.measured_on >= certificates.issued_on
            and (certificates.counts_until is null or months.measured_on < certificates.counts_until)
    group by all
    union all
    select
        'trade_school_partnerships' as criterion_code,
        months.month_on,
        cast(count(partnerships.organization_id) as double) as numerator,
        null as denominator,
        null as measured_from,
        months.measured_on as measured_to
    from months
    left join partnerships on months.measured_on >= partnerships.partner_since
    group by all
    union all
    select
        'active_mentorships' as criterion_code,
        months.month_on,
        cast(coalesce(sum(mentorships.mentorship_count), 0) as double) as numerator,
        null as denominator,
        null as measured_from,
        months.measured_on as measured_to
    from months
    left join mentorships
        on
            months.measured_on >= mentorships.started_on
            and (mentorships.ended_on is null or months.measured_on < mentorships.ended_on)
    group by all
    union all
    select
        'company_adoption' as criterion_code,
        months.month_on,
        cast(count(distinct companies.organization_id) as double) as numerator,
        null as denominator,
        {{ add_days('months.measured_on', -89) }} as measured_from,
        months.measured_on as measured_to
    from months
    left join companies
        on companies.last_used_on between {{ add_days('months.measured_on', -89) }} and months.measured_on
    group by all
    union all
    select
        'mobile_learning_rate' as criterion_code,
        months.month_on,
        cast(coalesce(sum(sessions.mobile_session_count), 0) as double) as numerator,
        cast(coalesce(sum(sessions.session_count), 0) as double) as denominator,
        months.month_on as measured_from,
        months.measured_on as measured_to
    from months
    left join sessions on months.month_on = sessions.month_on
    group by all
    union all
    select
        'ce_credits_per_year' as criterion_code,
        months.month_on,
        cast(coalesce(sum(completions.ce_credits), 0) as double) as numerator,
        null as denominator,
        {{ add_days('months.measured_on', -364) }} as measured_from,
        months.measured_on as measured_to
    from months
    left join completions
        on completions.ended_on between {{ add_days('months.measured_on', -364) }} and months.measured_on
    group by all
),

valued as (
    select
        criterion_code,
        month_on,
        case
            when criterion_code = 'mobile_learning_rate' then {{ share('numerator', 'denominator') }}
            else numerator
        end as value,
        numerator,
        denominator,
        measured_from,
        measured_to
    from kpi_values
)

select * from valued
