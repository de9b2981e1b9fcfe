{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='evidence_id') }}

-- A person's evidence is recomputed whole: what ends one level ends another that was reached with it.
with all_reached as (
    select * from {{ ref('stg_proficiency_entries') }}
    where entry = 'proficiency_reached'
),

latest_reached as (
    {{ latest_entries('all_reached', 'evidence_id') }}
),

all_revoked as (
    select * from {{ ref('stg_proficiency_entries') }}
    where entry = 'proficiency_revoked'
),

latest_revoked as (
    {{ latest_entries('all_revoked', 'evidence_id') }}
),

{% if is_incremental() -%}
touched_people as (
    select distinct person_id from {{ ref('stg_proficiency_entries') }}
),

former as (
    select * from {{ this }}
    where person_id in (select person_id from touched_people)
),
{%- endif %}

reached as (
    select
        evidence_id,
        person_id,
        organization_id,
        scope,
        track_id,
        persona,
        level,
        lesson_id,
        lesson_version,
        attempt_id,
        attempt_number,
        score,
        occurred_at as achieved_at,
        recorded_at,
        expires_on,
        leaf_index as reached_leaf_index
    from latest_reached
    {% if is_incremental() %}
    union all
    select
        evidence_id,
        person_id,
        organization_id,
        scope,
        track_id,
        persona,
        level,
        lesson_id,
        lesson_version,
        attempt_id,
        attempt_number,
        score,
        achieved_at,
        recorded_at,
        expires_on,
        reached_leaf_index
    from former
    where evidence_id not in (select evidence_id from latest_reached)
    {% endif %}
),

revoked as (
    select
        evidence_id,
        revoked_from,
        recorded_at as revoked_at,
        coalesce(is_superseded, false) as is_superseded,
        leaf_index
    from latest_revoked
    {% if is_incremental() %}
    union all
    select
        evidence_id,
        revoked_from,
        revoked_at,
        is_superseded,
        revoked_leaf_index as leaf_index
    from former
    where revoked_from is not null and evidence_id not in (select evidence_id from latest_revoked)
    {% endif %}
),

dated as (
    select
        reached.*,
        {{ utc_date('reached.achieved_at') }} as achieved_on,
        revoked.revoked_from,
        revoked.revoked_at,
        coalesce(revoked.is_superseded, false) as is_superseded,
        -- A level ends with the first to end of the certifications earned at the same instant (`gates.rules`).
        coalesce(
            reached.expires_on,
            min(reached.expires_on) over (
                partition by reached.person_id, reached.scope, reached.track_id, reached.achieved_at
            )
        ) as certified_until,
        revoked.leaf_index as revoked_leaf_index,
        greatest(reached.reached_leaf_index, revoked.leaf_index) as leaf_index
    from reached
    left join revoked on reached.evidence_id = revoked.evidence_id
),

evidence as (
    select
        evidence_id,
        person_id,
        organization_id,
        scope,
        track_id,
        persona,
        level,
        lesson_id,
        lesson_version,
        attempt_id,
        attempt_number,
        score,
        achieved_at,
        achieved_on,
        recorded_at,
        expires_on,
        certified_until,
        revoked_from,
        revoked_at,
        is_superseded,
        coalesce(least({{ add_days('certified_until', 1) }}, revoked_from) > {{ as_of_on() }}, true) as is_in_date,
        cast({{ days_between(as_of_on(), 'certified_until') }} as integer) as days_to_expiry,
        reached_leaf_index,
        revoked_leaf_index,
        leaf_index
    from dated
)

select * from evidence
