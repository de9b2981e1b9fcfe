with entries as (
    {{ ledger_entries('training_assigned', [
        'assignment_id',
        'recipient_id',
        'course_id',
        'requirement_id',
        'category',
        'due_on',
        'is_mandatory',
        'minimum_score',
    ]) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.assignment_id') }} as assignment_id,
        {{ as_id('entries.recipient_id') }} as recipient_id,
        {{ as_id('entries.course_id') }} as course_id,
        {{ as_id('entries.requirement_id') }} as requirement_id,
        entries.category,
        cast(entries.due_on as date) as due_on,
        cast(entries.is_mandatory as boolean) as is_mandatory,
        cast(entries.minimum_score as double) as minimum_score,
        entries.occurred_at
    from entries
)

select * from renamed
