{{ config(materialized='table') }}

-- One outcome's benefit as `models.roi.money` defines it: the effect, turned so that more is better, x the jobs or
-- months it was averaged over x what a unit is worth. An effect that is not visible counts as well, with its interval:
-- leaving it out would flatter. A team has its share of the jobs or months the company's effect was averaged over.
with subjects as (
    select * from {{ ref('int_roi_subjects') }}
),

unit_values as (
    select * from {{ ref('int_unit_values') }}
),

estimates as (
    select * from {{ ref('roi_effect') }}
),

exposed as (
    select
        subjects.level,
        subjects.organization_id,
        subjects.course_id,
        subjects.team_id,
        unit_values.outcome_kind,
        unit_values.amount as unit_value,
        unit_values.currency,
        estimates.estimate_id,
        estimates.half_width,
        {{ better_direction('unit_values.outcome_kind') }} as direction,
        estimates.effect,
        estimates.low,
        estimates.high,
        estimates.exposure * case subjects.level when 'team' then teams.exposure_share else 1 end as exposure,
        case
            when subjects.level = 'team' and coalesce(teams.exposure_share, 0) = 0 then 'not_enough_data'
            else coalesce(estimates.state, 'not_enough_data')
        end as state,
        greatest(unit_values.leaf_index, estimates.leaf_index) as leaf_index
    from subjects
    inner join unit_values on subjects.organization_id = unit_values.organization_id
    left join estimates
        on
            unit_values.organization_id = estimates.organization_id
            and unit_values.outcome_kind = estimates.outcome_kind
            and subjects.course_id is not distinct from estimates.course_id
    left join {{ ref('int_team_exposures') }} as teams
        on
            subjects.organization_id = teams.organization_id
            and subjects.team_id = teams.team_id
            and unit_values.outcome_kind = teams.outcome_kind
),

counted as (
    select
        *,
        state in ('effect', 'no_visible_effect') and effect is not null and exposure is not null as is_counted
    from exposed
)

select
    level,
    organization_id,
    course_id,
    team_id,
    outcome_kind,
    unit_value,
    currency,
    state,
    is_counted,
    estimate_id,
    exposure,
    half_width,
    -- What one unit of the effect is worth to the whole.
    case when is_counted then direction * exposure * unit_value end as worth,
    case when is_counted then direction * effect * exposure end as units,
    case when is_counted then direction * effect * exposure * unit_value end as benefit,
    case
        when is_counted then least(direction * low, direction * high) * exposure * unit_value
    end as benefit_low,
    case
        when is_counted then greatest(direction * low, direction * high) * exposure * unit_value
    end as benefit_high,
    leaf_index
from counted
