{% set criteria = [
    {'code': 'course_catalog_size', 'label': 'Course catalogue', 'unit': 'courses', 'target': 200, 'is_flow': false,
     'explanation': 'Published courses on the day.'},
    {'code': 'training_completions_per_month', 'label': 'Training completions', 'unit': 'completions per month',
     'target': 5000, 'is_flow': true, 'explanation': 'Enrollments completed in the last whole month.'},
    {'code': 'certifications_tracked', 'label': 'Certifications tracked', 'unit': 'certificates', 'target': 10000,
     'is_flow': false, 'explanation': 'Certificates that count on the day: issued, in date, proven, not revoked.'},
    {'code': 'trade_school_partnerships', 'label': 'Trade school partnerships', 'unit': 'schools', 'target': 10,
     'is_flow': false, 'explanation': 'Trade schools with a published course or a member.'},
    {'code': 'active_mentorships', 'label': 'Active mentorships', 'unit': 'mentorships', 'target': 500,
     'is_flow': false, 'explanation': 'Mentorships accepted and not over on the day.'},
    {'code': 'company_adoption', 'label': 'Company adoption', 'unit': 'companies', 'target': 100, 'is_flow': false,
     'explanation': 'Service companies that enrolled, assigned, required or certified somebody in the last 90 days.'},
    {'code': 'mobile_learning_rate', 'label': 'Mobile learning', 'unit': 'share of sessions', 'target': 0.4,
     'is_flow': true, 'explanation': 'Sessions on a mobile device over all sessions of the last whole month.'},
    {'code': 'ce_credits_per_year', 'label': 'Continuing education credits', 'unit': 'credits per year',
     'target': 10000, 'is_flow': false, 'explanation': 'Credits of the enrollments completed in the last 365 days.'},
] %}

with kpi_values as (
    select * from {{ ref('int_kpi_values') }}
),

criteria as (
    {% for criterion in criteria -%}
    select
        '{{ criterion.code }}' as criterion_code,
        '{{ criterion.label }}' as label,
        '{{ criterion.unit }}' as unit,
        cast({{ criterion.target }} as double) as target,
        '{{ criterion.explanation }}' as explanation,
        -- What is counted over a month is taken from the last whole one, what is counted on a day from today.
        {% if criterion.is_flow -%}
        {{ month_start(add_months(as_of_on(), -1)) }} as month_on
        {%- else -%}
        {{ month_start(as_of_on()) }} as month_on
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    criteria.criterion_code,
    criteria.label,
    criteria.unit,
    criteria.target,
    kpi_values.value,
    coalesce(kpi_values.value >= criteria.target, false) as is_met,
    kpi_values.measured_from,
    kpi_values.measured_to,
    kpi_values.numerator,
    kpi_values.denominator,
    criteria.explanation
from criteria
inner join kpi_values
    on criteria.criterion_code = kpi_values.criterion_code and criteria.month_on = kpi_values.month_on
