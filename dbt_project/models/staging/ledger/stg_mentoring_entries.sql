{% set kinds = {
    'mentor_profile_set': ['max_mentees', 'is_accepting', 'paused_until'],
    'mentoring_reach_set': ['reach'],
    'mentors_shown': ['showing_id', 'candidate_count', 'mentor_ids', 'model_version'],
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
        cast(entries.max_mentees as integer) as max_mentees,
        cast(entries.is_accepting as boolean) as is_accepting,
        cast(entries.paused_until as date) as paused_until,
        entries.reach,
        {{ as_id('entries.showing_id') }} as showing_id,
        cast(entries.candidate_count as integer) as candidate_count,
        entries.mentor_ids,
        cast(entries.model_version as integer) as model_version,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
