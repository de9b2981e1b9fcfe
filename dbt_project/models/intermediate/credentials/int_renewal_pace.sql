-- How many certificates that came due were back in date by the end of a window of the horizon's length. Windows lie one
-- behind the other before the release's day, so that exactly what is forecast is what was counted.
with dues as (
    select *
    from {{ ref('int_certificate_dues') }}
    where due_on < {{ as_of_on() }} and due_on >= {{ add_days(as_of_on(), -360) }}
),

horizons as (
    {% for days in [30, 60, 90] -%}
    select {{ days }} as horizon_days
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

windowed as (
    select
        dues.organization_id,
        horizons.horizon_days,
        dues.renewed_on <= {{ add_days(
            as_of_on(),
            "-horizons.horizon_days * cast(floor((" ~ days_between('dues.due_on', as_of_on())
            ~ " - 1) / horizons.horizon_days) as integer)"
        ) }} as is_back_in_time
    from dues
    cross join horizons
)

select
    organization_id,
    horizon_days,
    cast(count(*) as bigint) as due_count,
    cast(count(*) filter (where is_back_in_time) as bigint) as renewed_count
from windowed
group by all
