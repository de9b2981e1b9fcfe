{% set kinds = {
    'tip_shown': ['feature_id', 'action'],
    'tip_dismissed': ['feature_id', 'action'],
    'near_miss_recorded': ['near_miss_id', 'near_miss_kind', 'action'],
    'reinforcement_scheduled': ['reinforcement_id', 'action', 'lesson_id', 'due_on'],
    'reinforcement_finished': ['reinforcement_id', 'action', 'lesson_id', 'passed'],
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
        {{ as_id('entries.feature_id') }} as feature_id,
        entries.action,
        {{ as_id('entries.near_miss_id') }} as near_miss_id,
        entries.near_miss_kind,
        {{ as_id('entries.reinforcement_id') }} as reinforcement_id,
        {{ as_id('entries.lesson_id') }} as lesson_id,
        cast(entries.due_on as date) as due_on,
        cast(entries.passed as boolean) as is_passed,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
