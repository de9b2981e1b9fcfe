with entries as (
    {{ ledger_entries('enrollment_opened', ['enrollment_id', 'course_id', 'cycle_number']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.enrollment_id') }} as enrollment_id,
        {{ as_id('entries.course_id') }} as course_id,
        cast(entries.cycle_number as integer) as cycle_number,
        entries.occurred_at
    from entries
)

select * from renamed
