-- Months in which an organization used training (enrolled somebody, assigned, required or recorded a certificate), with
-- the last such day of each: enough to tell whether it did within any stretch that ends with a month or today.
with used as (
    select
        organization_id,
        {{ month_start('enrolled_on') }} as month_on,
        max(enrolled_on) as last_used_on
    from {{ ref('fct_enrollment') }}
    where organization_id is not null and enrolled_on <= {{ as_of_on() }}
    group by all
    union all
    select
        organization_id,
        {{ month_start('assigned_on') }} as month_on,
        max(assigned_on) as last_used_on
    from {{ ref('int_assignment_recipients') }}
    where assigned_on <= {{ as_of_on() }}
    group by all
    union all
    select
        organization_id,
        {{ month_start('effective_from') }} as month_on,
        max(effective_from) as last_used_on
    from {{ ref('int_requirements') }}
    where effective_from <= {{ as_of_on() }}
    group by all
    union all
    select
        organization_id,
        {{ month_start('issued_on') }} as month_on,
        max(issued_on) as last_used_on
    from {{ ref('fct_certificate') }}
    where organization_id is not null and not is_withdrawn and issued_on <= {{ as_of_on() }}
    group by all
),

training_months as (
    select
        organization_id,
        month_on,
        max(last_used_on) as last_used_on
    from used
    group by all
)

select * from training_months
