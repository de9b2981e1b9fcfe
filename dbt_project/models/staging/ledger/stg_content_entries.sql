{% set kinds = {
    'policy_version_published': [
        'policy_id', 'policy_version', 'changes_scope', 'changes_controls', 'effective_on',
    ],
    'content_review_requested': ['review_id', 'lesson_id', 'lesson_version', 'area', 'reason'],
    'content_reviewed': ['review_id', 'lesson_id', 'lesson_version', 'area', 'outcome'],
    'content_published': ['lesson_id', 'lesson_version', 'lesson_type', 'refresh_due_on', 'recertify_from'],
    'content_flagged': ['lesson_id', 'lesson_version', 'policy_id', 'policy_version'],
    'content_retired': ['lesson_id', 'lesson_version'],
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
        {{ as_id('entries.policy_id') }} as policy_id,
        entries.policy_version,
        cast(entries.changes_scope as boolean) as changes_scope,
        cast(entries.changes_controls as boolean) as changes_controls,
        cast(entries.effective_on as date) as effective_on,
        {{ as_id('entries.review_id') }} as review_id,
        {{ as_id('entries.lesson_id') }} as lesson_id,
        entries.lesson_version,
        entries.area,
        entries.reason,
        entries.outcome,
        entries.lesson_type,
        cast(entries.refresh_due_on as date) as refresh_due_on,
        cast(entries.recertify_from as date) as recertify_from,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
