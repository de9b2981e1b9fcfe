{% set compared = {
    'requirement_coverage': 'others.requirement_coverage',
    'certificates_in_date_rate': 'others.certificates_in_date_rate',
    'training_hours_per_technician': 'others.training_hours_per_technician',
    'training_spend_per_technician': 'others.comparable_spend_per_technician',
} %}
with figures as (
    select * from {{ ref('int_contractor_figures') }}
),

today as (
    select * from figures
    where on_date = {{ as_of_on() }}
),

former as (
    select * from figures
    where on_date = {{ add_days(as_of_on(), -trend_days()) }}
),

expiring as (
    select
        answers.owner_id,
        answers.contractor_id,
        cast(count(distinct qualified.person_id) as bigint) as expiring_count
    from {{ ref('contractor_requirement_coverage') }} as answers
    inner join {{ ref('int_crew_rule_people') }} as qualified
        on
            answers.rule_id = qualified.rule_id
            and answers.contractor_id = qualified.contractor_id
            and answers.next_visit_on > qualified.until_on
    where qualified.depth = 1 and qualified.on_date = {{ as_of_on() }}
    group by answers.owner_id, answers.contractor_id
),

-- One row for each contractor, over all it services: what an owner's own figures are compared with.
contractors as (
    select
        contractor_id,
        {{ share('sum(covered_count)', 'sum(requirement_count)') }} as requirement_coverage,
        max(certificates_in_date_rate) as certificates_in_date_rate,
        max(training_hours_per_technician) as training_hours_per_technician,
        max(training_spend_per_technician) as training_spend_per_technician,
        max(currency) as currency
    from today
    group by contractor_id
),

-- Money is compared in one currency; who spent nothing is compared in any.
pairs as (
    select
        today.owner_id,
        today.contractor_id as compared_id,
        contractors.*,
        case
            when coalesce(contractors.currency, today.currency, '') = coalesce(today.currency, contractors.currency, '')
                then contractors.training_spend_per_technician
        end as comparable_spend_per_technician
    from today
    inner join contractors on today.contractor_id <> contractors.contractor_id
),

placed as (
    select
        today.owner_id,
        today.contractor_id,
    {% for figure, of_others in compared.items() -%}
    case
        when max(today.{{ figure }}) is not null and count({{ of_others }}) + 1 >= {{ fewest_compared_contractors() }}
            then {{ share(
                    'count(*) filter (where ' ~ of_others ~ ' <= today.' ~ figure ~ ')',
                    'count(' ~ of_others ~ ')'
                ) }}
    end as quantile_{{ figure }}{{ ',' if not loop.last }}
    {% endfor %}
    from today
    left join pairs as others
        on today.owner_id = others.owner_id and today.contractor_id = others.compared_id
    group by today.owner_id, today.contractor_id
)

select
    today.owner_id,
    today.contractor_id,
    today.technician_count,
    today.requirement_count,
    today.covered_count,
    today.requirement_coverage,
    today.certificates_in_date_rate,
    today.one_deep_count,
    coalesce(expiring.expiring_count, 0) as expiring_before_visit_count,
    today.training_hours_per_technician,
    today.training_spend_per_technician,
    today.currency,
    today.requirement_coverage - former.requirement_coverage as trend_requirement_coverage,
    today.certificates_in_date_rate - former.certificates_in_date_rate as trend_certificates_in_date_rate,
    today.training_hours_per_technician - former.training_hours_per_technician as trend_training_hours_per_technician,
    today.training_spend_per_technician - former.training_spend_per_technician as trend_training_spend_per_technician,
{% for figure in compared -%}
placed.quantile_{{ figure }}{{ ',' if not loop.last }}
{% endfor %}
from today
left join former on today.owner_id = former.owner_id and today.contractor_id = former.contractor_id
left join expiring on today.owner_id = expiring.owner_id and today.contractor_id = expiring.contractor_id
left join placed on today.owner_id = placed.owner_id and today.contractor_id = placed.contractor_id
