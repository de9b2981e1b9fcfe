-- The last 24 months; the current one is measured up to the release's day.
with months as (
    {% for month in kpi_months() -%}
    select cast('{{ month }}' as date) as month_on
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

measured as (
    select
        month_on,
        least(cast({{ month_end('month_on') }} as date), {{ as_of_on() }}) as measured_on
    from months
)

select * from measured
