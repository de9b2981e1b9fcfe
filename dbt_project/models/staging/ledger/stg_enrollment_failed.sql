with entries as (
    {{ ledger_entries('enrollment_failed', ['enrollment_id', 'course_id']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.enrollment_id') }} as enrollment_id,
        {{ as_id('entries.course_id') }} as course_id,
        entries.occurred_at
    from entries
)

select * from renamed
