{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='requirement_id') }}

with latest_set as (
    select *
    from {{ ref('stg_requirement_set') }}
    qualify row_number() over (partition by requirement_id order by leaf_index desc) = 1
),

latest_end as (
    select *
    from {{ ref('stg_requirement_ended') }}
    qualify row_number() over (partition by requirement_id order by leaf_index desc) = 1
),

terms as (
    select
        requirement_id,
        organization_id,
        course_id,
        certification_id,
        category,
        role,
        team_id,
        due_within_days,
        effective_from,
        leaf_index
    from latest_set
    {% if is_incremental() %}
    union all
    select
        requirement_id,
        organization_id,
        course_id,
        certification_id,
        category,
        role,
        team_id,
        due_within_days,
        effective_from,
        leaf_index
    from {{ this }}
    where
        requirement_id in (select requirement_id from latest_end)
        and requirement_id not in (select requirement_id from latest_set)
    {% endif %}
),

endings as (
    select
        requirement_id,
        ended_on,
        leaf_index
    from latest_end
    {% if is_incremental() %}
    union all
    select
        requirement_id,
        ended_on,
        leaf_index
    from {{ this }}
    where
        ended_on is not null
        and requirement_id in (select requirement_id from latest_set)
        and requirement_id not in (select requirement_id from latest_end)
    {% endif %}
),

requirements as (
    select
        terms.requirement_id,
        terms.organization_id,
        terms.course_id,
        terms.certification_id,
        terms.category,
        terms.role,
        terms.team_id,
        terms.due_within_days,
        terms.effective_from,
        endings.ended_on,
        greatest(terms.leaf_index, endings.leaf_index) as leaf_index
    from terms
    left join endings on terms.requirement_id = endings.requirement_id
)

select * from requirements
