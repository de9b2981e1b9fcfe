-- Few distinct calendars per organization: counted first, then spread over the days.
with calendars as (
    select
        organization_id,
        required_bits,
        exempted_bits,
        completed_bits,
        count(*) as training_count,
    from {{ ref('int_compliance_calendars') }}
    group by all
),

days as (
    {% for day in reporting_days() -%}
    select
        {{ 2 ** loop.index0 }} as day_bit,
        cast('{{ day.on }}' as date) as as_of_on,
        {{ day.is_forecast }} as is_forecast,
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

counted as (
    select
        calendars.organization_id,
        days.as_of_on,
        days.is_forecast,
        {% for state in ['required', 'exempted', 'completed'] -%}
        cast(coalesce(
            sum(calendars.training_count) filter (where {{ both_bits('calendars.' ~ state ~ '_bits', 'days.day_bit') }} > 0), 0
        ) as bigint) as {{ state }}_count,
        {% endfor %}
    from calendars
    cross join days
    group by all
)

select * from counted
