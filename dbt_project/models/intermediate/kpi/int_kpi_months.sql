{% set today = modules.datetime.date.fromisoformat(as_of_day()) %}

-- The last 24 months; the current one is measured up to the release's day.
with months as (
    {% for back in range(23, -1, -1) -%}
    {%- set start = modules.datetime.date((today.year * 12 + today.month - 1 - back) // 12, (today.year * 12 + today.month - 1 - back) % 12 + 1, 1) %}
    select cast('{{ start.isoformat() }}' as date) as month_on
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

measured as (
    select
        month_on,
        least(cast({{ month_end('month_on') }} as date), {{ as_of_on() }}) as measured_on,
    from months
)

select * from measured
