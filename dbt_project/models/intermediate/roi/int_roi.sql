{{ config(materialized='table') }}

-- What training cost and returned. The interval of several outcomes together comes from the covariances of their errors
-- (`joint`); where one of these is missing half-widths are added, which holds however they hang together (`bound`).
-- Nothing is converted: with more than one currency nothing is told.
with subjects as (
    select * from {{ ref('int_roi_subjects') }}
),

outcomes as (
    select * from {{ ref('int_roi_benefits') }}
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
        sum((benefit_high - benefit_low) / 2) as added_half_width,
        min(currency) as first_currency,
        max(currency) as last_currency,
        max(leaf_index) as leaf_index
    from outcomes
    group by all
),

-- The variance of a sum takes every pair of outcomes, each with itself too. Student's quantile is that of the outcome
-- with the fewest independent cases, which is the largest.
errors as (
    select
        one.level,
        one.organization_id,
        one.course_id,
        one.team_id,
        count(*) as pair_count,
        sum(one.worth * other.worth * covariances.covariance) as variance,
        max(
            case
                when one.outcome_kind = other.outcome_kind
                    then {{ share('one.half_width', 'sqrt(greatest(covariances.covariance, 0))') }}
            end
        ) as quantile
    from outcomes as one
    inner join {{ ref('stg_roi_covariances') }} as covariances on one.estimate_id = covariances.estimate_id
    inner join outcomes as other
        on
            one.level = other.level
            and one.organization_id = other.organization_id
            and one.course_id is not distinct from other.course_id
            and one.team_id is not distinct from other.team_id
            and covariances.other_kind = other.outcome_kind
    where one.is_counted and other.is_counted
    group by all
),

-- Added up once by course and team; each level adds these up further.
costs_of_teams as (
    select
        organization_id,
        course_id,
        team_id,
        sum(amount) as cost,
        min(currency) as first_currency,
        max(currency) as last_currency,
        max(leaf_index) as leaf_index
    from {{ ref('int_training_costs') }}
    group by all
),

minutes_of_teams as (
    select
        enrollments.organization_id,
        enrollments.course_id,
        teams.team_id,
        sum(enrollments.time_spent_minutes) as minutes
    from {{ ref('fct_enrollment') }} as enrollments
    left join {{ ref('int_last_teams') }} as teams
        on enrollments.organization_id = teams.organization_id and enrollments.person_id = teams.person_id
    where enrollments.organization_id is not null
    group by all
),

costs as (
    {% for level, columns in {'company': [], 'course': ['course_id'], 'team': ['team_id']}.items() -%}
    select
        '{{ level }}' as level,
        organization_id,
        {{ 'course_id' if 'course_id' in columns else as_id('null') ~ ' as course_id' }},
        {{ 'team_id' if 'team_id' in columns else as_id('null') ~ ' as team_id' }},
        sum(cost) as cost,
        min(first_currency) as first_currency,
        max(last_currency) as last_currency,
        max(leaf_index) as leaf_index
    from costs_of_teams
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
        organization_id,
        {{ 'course_id' if 'course_id' in columns else as_id('null') ~ ' as course_id' }},
        {{ 'team_id' if 'team_id' in columns else as_id('null') ~ ' as team_id' }},
        sum(minutes) / 60.0 as training_hours
    from minutes_of_teams
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
        case
            when errors.pair_count = benefits.counted_count * benefits.counted_count
                then errors.quantile * sqrt(greatest(errors.variance, 0))
        end as joint_half_width,
        benefits.added_half_width,
        coalesce(costs.first_currency, benefits.first_currency) as currency,
        greatest(subjects.leaf_index, costs.leaf_index, benefits.leaf_index) as leaf_index
    from subjects
    left join benefits
        on
            subjects.level = benefits.level
            and subjects.organization_id = benefits.organization_id
            and subjects.course_id is not distinct from benefits.course_id
            and subjects.team_id is not distinct from benefits.team_id
    left join errors
        on
            subjects.level = errors.level
            and subjects.organization_id = errors.organization_id
            and subjects.course_id is not distinct from errors.course_id
            and subjects.team_id is not distinct from errors.team_id
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
),

bounded as (
    select
        *,
        benefit - coalesce(joint_half_width, added_half_width) as benefit_low,
        benefit + coalesce(joint_half_width, added_half_width) as benefit_high
    from told
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
    {% for amount in ['benefit', 'benefit_low', 'benefit_high'] -%}
    cast(case when not is_mixed then {{ amount }} end as double) as {{ amount }},
    {% endfor -%}
    {% for amount, name in {'benefit': 'roi', 'benefit_low': 'roi_low', 'benefit_high': 'roi_high'}.items() -%}
    case when not is_mixed then {{ return_on(amount, 'cost') }} end as {{ name }},
    {% endfor -%}
    case
        when is_mixed or counted_count = 0 then null
        when joint_half_width is null then 'bound'
        else 'joint'
    end as interval_kind,
    case when not is_mixed then currency end as currency,
    cast(valued_count as bigint) as valued_count,
    cast(counted_count as bigint) as counted_count,
    leaf_index
from bounded
