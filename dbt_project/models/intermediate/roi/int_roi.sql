{{ config(materialized='table') }}

-- What training cost and returned. Half-widths of several outcomes are added: the widest interval, which holds however
-- their errors hang together. Nothing is converted: with more than one currency nothing is told.
with subjects as (
    select * from {{ ref('int_roi_subjects') }}
),

benefits as (
    select
        level,
        organization_id,
        course_id,
        team_id,
        count(*) as valued_count,
        count(*) filter (where is_counted) as counted_count,
        bool_or(state = 'pre_trends_differ') as has_differing_trends,
        sum(benefit) as benefit,
        sum(benefit_low) as benefit_low,
        sum(benefit_high) as benefit_high,
        min(currency) as first_currency,
        max(currency) as last_currency,
        max(leaf_index) as leaf_index
    from {{ ref('int_roi_benefits') }}
    group by all
),

costs as (
    {% for level, columns in {'company': [], 'course': ['course_id'], 'team': ['team_id']}.items() -%}
    select
        '{{ level }}' as level,
        organization_id,
        {{ 'course_id' if 'course_id' in columns else as_id('null') ~ ' as course_id' }},
        {{ 'team_id' if 'team_id' in columns else as_id('null') ~ ' as team_id' }},
        sum(amount) as cost,
        min(currency) as first_currency,
        max(currency) as last_currency,
        max(leaf_index) as leaf_index
    from {{ ref('int_training_costs') }}
    {% if columns -%}
    where {{ columns[0] }} is not null
    {% endif -%}
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

hours as (
    {% for level, columns in {'company': [], 'course': ['course_id'], 'team': ['team_id']}.items() -%}
    select
        '{{ level }}' as level,
        enrollments.organization_id,
        {{ 'enrollments.course_id' if 'course_id' in columns else as_id('null') ~ ' as course_id' }},
        {{ 'teams.team_id' if 'team_id' in columns else as_id('null') ~ ' as team_id' }},
        sum(enrollments.time_spent_minutes) / 60.0 as training_hours
    from {{ ref('fct_enrollment') }} as enrollments
    left join {{ ref('int_last_teams') }} as teams
        on enrollments.organization_id = teams.organization_id and enrollments.person_id = teams.person_id
    where enrollments.organization_id is not null
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

told as (
    select
        subjects.level,
        subjects.organization_id,
        subjects.course_id,
        subjects.team_id,
        coalesce(benefits.valued_count, 0) as valued_count,
        coalesce(benefits.counted_count, 0) as counted_count,
        coalesce(benefits.has_differing_trends, false) as has_differing_trends,
        coalesce(hours.training_hours, 0) as training_hours,
        coalesce(
            greatest(costs.last_currency, benefits.last_currency)
            <> least(costs.first_currency, benefits.first_currency),
            false
        ) as is_mixed,
        coalesce(costs.cost, 0) as cost,
        benefits.benefit,
        benefits.benefit_low,
        benefits.benefit_high,
        coalesce(costs.first_currency, benefits.first_currency) as currency,
        greatest(costs.leaf_index, benefits.leaf_index) as leaf_index
    from subjects
    left join benefits
        on
            subjects.level = benefits.level
            and subjects.organization_id = benefits.organization_id
            and subjects.course_id is not distinct from benefits.course_id
            and subjects.team_id is not distinct from benefits.team_id
    left join costs
        on
            subjects.level = costs.level
            and subjects.organization_id = costs.organization_id
            and subjects.course_id is not distinct from costs.course_id
            and subjects.team_id is not distinct from costs.team_id
    left join hours
        on
            subjects.level = hours.level
            and subjects.organization_id = hours.organization_id
            and subjects.course_id is not distinct from hours.course_id
            and subjects.team_id is not distinct from hours.team_id
)

select
    level,
    organization_id,
    course_id,
    team_id,
    case
        when is_mixed then 'mixed_currencies'
        when valued_count = 0 then 'no_unit_value'
        when counted_count = 0 and has_differing_trends then 'pre_trends_differ'
        when counted_count = 0 then 'not_enough_data'
        when cost = 0 then 'no_cost'
        when benefit_low > 0 or benefit_high < 0 then 'effect'
        else 'no_visible_effect'
    end as state,
    cast(training_hours as double) as training_hours,
    cast(case when not is_mixed then cost end as double) as cost,
    cast(case when not is_mixed then benefit end as double) as benefit,
    cast(case when not is_mixed then benefit_low end as double) as benefit_low,
    cast(case when not is_mixed then benefit_high end as double) as benefit_high,
    case when not is_mixed then {{ return_on('benefit', 'cost') }} end as roi,
    case when not is_mixed then {{ return_on('benefit_low', 'cost') }} end as roi_low,
    case when not is_mixed then {{ return_on('benefit_high', 'cost') }} end as roi_high,
    case when not is_mixed then currency end as currency,
    cast(valued_count as bigint) as valued_count,
    cast(counted_count as bigint) as counted_count,
    leaf_index
from told
