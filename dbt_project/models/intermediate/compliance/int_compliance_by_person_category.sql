{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_touched_pairs() }}') }}

-- The grain every compliance mart adds up from: a refresh counts the touched people only.
with touched as (
    select * from {{ ref('int_touched_pairs') }}
),

trainings as (
    select required.*
    from {{ ref('fct_required_training') }} as required
    inner join touched
        on required.organization_id = touched.organization_id and required.person_id = touched.person_id
),

counted as (
    select
        organization_id,
        person_id,
        category,
        {{ compliance_measures() }}
    from trainings
    group by organization_id, person_id, category
)

select * from counted
