{% set kinds = {
    'proficiency_reached': [
        'evidence_id', 'scope', 'track_id', 'persona', 'level', 'lesson_id', 'lesson_version', 'attempt_id',
        'attempt_number', 'score', 'expires_on',
    ],
    'proficiency_revoked': ['evidence_id', 'revoked_from', 'superseded'],
} %}

with entries as (
    {{ subject_entries(kinds) }}
),

renamed as (
    select
        entries.leaf_index,
        entries.entry,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.evidence_id') }} as evidence_id,
        entries.scope,
        {{ as_id('entries.track_id') }} as track_id,
        entries.persona,
        entries.level,
        {{ as_id('entries.lesson_id') }} as lesson_id,
        entries.lesson_version,
        {{ as_id('entries.attempt_id') }} as attempt_id,
        cast(entries.attempt_number as integer) as attempt_number,
        cast(entries.score as double) as score,
        cast(entries.expires_on as date) as expires_on,
        cast(entries.revoked_from as date) as revoked_from,
        cast(entries.superseded as boolean) as is_superseded,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
