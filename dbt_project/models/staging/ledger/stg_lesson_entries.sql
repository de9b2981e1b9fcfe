{% set kinds = {
    'lesson_opened': ['lesson_id', 'lesson_version', 'lesson_type', 'trigger'],
    'lesson_attempt_graded': [
        'attempt_id', 'lesson_id', 'lesson_version', 'lesson_type', 'persona', 'track_id', 'attempt_number',
        'score', 'passed', 'seconds_taken', 'trigger', 'scope_tags', 'policy_ids', 'runbook_ids',
    ],
    'lesson_completed': ['lesson_id', 'lesson_version', 'lesson_type', 'seconds_taken'],
    'lesson_assigned': ['assignment_id', 'lesson_id', 'action', 'due_on'],
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
        {{ as_id('entries.lesson_id') }} as lesson_id,
        entries.lesson_version,
        entries.lesson_type,
        entries.trigger,
        {{ as_id('entries.attempt_id') }} as attempt_id,
        entries.persona,
        {{ as_id('entries.track_id') }} as track_id,
        cast(entries.attempt_number as integer) as attempt_number,
        cast(entries.score as double) as score,
        cast(entries.passed as boolean) as is_passed,
        cast(entries.seconds_taken as integer) as seconds_taken,
        entries.scope_tags,
        entries.policy_ids,
        entries.runbook_ids,
        {{ as_id('entries.assignment_id') }} as assignment_id,
        entries.action,
        cast(entries.due_on as date) as due_on,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
