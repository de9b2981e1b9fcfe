-- Few distinct calendars per organization: counted first, then spread over the days.
with calendars as (
    select
        organization_id,
        required_bits,
        exempted_bits,
        completed_bits,
        overdue_bits,
        due_14_days_bits,
        expiring_30_days_bits,
        expired_bits,
        count(*) as training_count
    from {{ ref('int_compliance_calendars') }}
    group by all
),

days as (
    {% for day in reporting_days() -%}
    select
        {{ 2 ** loop.index0 }} as day_bit,
        cast('{{ day.on }}' as date) as as_of_on,
        cast('{{ day.is_forecast }}' as boolean) as is_forecast
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

spread as (
    select
        calendars.organization_id,
        days.as_of_on,
        days.is_forecast,
        calendars.training_count,
        {{ both_bits('calendars.required_bits', 'days.day_bit') }} > 0 as is_required,
        {{ both_bits('calendars.exempted_bits', 'days.day_bit') }} > 0 as is_exempted,
        {{ both_bits('calendars.completed_bits', 'days.day_bit') }} > 0 as is_completed,
        {{ both_bits('calendars.overdue_bits', 'days.day_bit') }} > 0 as is_overdue,
        {{ both_bits('calendars.due_14_days_bits', 'days.day_bit') }} > 0 as is_due_soon,
        {{ both_bits('calendars.expiring_30_days_bits', 'days.day_bit') }} > 0 as is_expiring_soon,
        {{ both_bits('calendars.expired_bits', 'days.day_bit') }} > 0 as is_expired,
        -- Met today and, as things stand, not met any more on a later day on which it is still required.
        {{ both_bits('calendars.completed_bits', today_bit()) }} > 0
        and {{ both_bits(bits_without('calendars.required_bits', 'calendars.exempted_bits'), 'days.day_bit') }} > 0
        and {{ both_bits('calendars.completed_bits', 'days.day_bit') }} = 0 as is_lapsing
    from calendars
    cross join days
),

counted as (
    select
        organization_id,
        as_of_on,
        is_forecast,
        cast(coalesce(sum(training_count) filter (where is_required), 0) as bigint) as required_count,
        cast(coalesce(sum(training_count) filter (where is_exempted), 0) as bigint) as exempted_count,
        cast(coalesce(sum(training_count) filter (where is_completed), 0) as bigint) as completed_count,
        cast(coalesce(sum(training_count) filter (where is_overdue), 0) as bigint) as overdue_count,
        cast(coalesce(sum(training_count) filter (where is_due_soon), 0) as bigint) as due_14_days_count,
        cast(coalesce(sum(training_count) filter (where is_expiring_soon), 0) as bigint) as expiring_30_days_count,
        cast(coalesce(sum(training_count) filter (where is_expired), 0) as bigint) as expired_count,
        cast(
            coalesce(sum(training_count) filter (where is_forecast and is_lapsing), 0) as bigint
        ) as lapsing_count
    from spread
    group by all
)

select * from counted
