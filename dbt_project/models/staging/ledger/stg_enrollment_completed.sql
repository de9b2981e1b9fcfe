with entries as (
    {{ ledger_entries('enrollment_completed', ['enrollment_id', 'course_id', 'final_score', 'ce_credits']) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.enrollment_id') }} as enrollment_id,
        {{ as_id('entries.course_id') }} as course_id,
        cast(entries.final_score as double) as final_score,
        cast(entries.ce_credits as double) as ce_credits,
        entries.occurred_at
    from entries
)

select * from renamed
