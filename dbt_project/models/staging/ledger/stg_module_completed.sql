with entries as (
    {{ ledger_entries('module_completed', ['enrollment_id', 'course_id', 'module_id', 'time_spent_minutes']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.enrollment_id') }} as enrollment_id,
        {{ as_id('entries.course_id') }} as course_id,
        {{ as_id('entries.module_id') }} as module_id,
        cast(entries.time_spent_minutes as integer) as time_spent_minutes,
        entries.occurred_at
    from entries
)

select * from renamed
