{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='evidence_id') }}

-- A person's evidence is recomputed whole: what ends one level ends another that was reached with it.
with latest_reached as (
    select *
    from {{ ref('stg_proficiency_entries') }}
    where entry = 'proficiency_reached'
    qualify row_number() over (partition by evidence_id order by leaf_index desc) = 1
),

latest_revoked as (
    select *
    from {{ ref('stg_proficiency_entries') }}
    where entry = 'proficiency_revoked'
    qualify row_number() over (partition by evidence_id order by leaf_index desc) = 1
),

publications as (
    select
        lesson_id,
        lesson_version,
        recertify_from,
        leaf_index
    from {{ ref('int_content_entries') }}
    where entry = 'content_published'
),

{% if is_incremental() -%}
touched_people as (
    select person_id from {{ ref('stg_proficiency_entries') }}
    union
    select person_id from {{ this }}
    where lesson_id in (select lesson_id from publications where {{ is_new() }})
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
        leaf_index
    from latest_revoked
    {% if is_incremental() %}
    union all
    select
        evidence_id,
        revoked_from,
        revoked_at,
        revoked_leaf_index as leaf_index
    from former
    where revoked_from is not null and evidence_id not in (select evidence_id from latest_revoked)
    {% endif %}
),

-- A version stands where it was published last; later ones of the lesson may ask for the training to be done again.
version_places as (
    select
        lesson_id,
        lesson_version,
        max(leaf_index) as leaf_index
    from publications
    group by all
),

superseded as (
    select
        reached.evidence_id,
        min(publications.recertify_from) as superseded_from,
        arg_min(publications.leaf_index, (publications.recertify_from, publications.leaf_index)) as leaf_index
    from reached
    inner join publications on reached.lesson_id = publications.lesson_id
    left join version_places
        on reached.lesson_id = version_places.lesson_id and reached.lesson_version = version_places.lesson_version
    where
        publications.recertify_from is not null
        and publications.lesson_version <> reached.lesson_version
        and publications.leaf_index > coalesce(version_places.leaf_index, -1)
    group by reached.evidence_id
),

dated as (
    select
        reached.*,
        {{ utc_date('reached.achieved_at') }} as achieved_on,
        revoked.revoked_from,
        revoked.revoked_at,
        superseded.superseded_from,
        -- A level ends with the certification that was earned at the same instant.
        coalesce(
            reached.expires_on,
            max(reached.expires_on) over (
                partition by reached.person_id, reached.scope, reached.track_id, reached.achieved_at
            )
        ) as certified_until,
        revoked.leaf_index as revoked_leaf_index,
        greatest(reached.reached_leaf_index, revoked.leaf_index, superseded.leaf_index) as leaf_index
    from reached
    left join revoked on reached.evidence_id = revoked.evidence_id
    left join superseded on reached.evidence_id = superseded.evidence_id
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
        superseded_from,
        coalesce(
            least({{ add_days('certified_until', 1) }}, revoked_from, superseded_from) > {{ as_of_on() }},
            true
        ) as is_in_date,
        cast({{ days_between(as_of_on(), 'certified_until') }} as integer) as days_to_expiry,
        reached_leaf_index,
        revoked_leaf_index,
        leaf_index
    from dated
)

select * from evidence
