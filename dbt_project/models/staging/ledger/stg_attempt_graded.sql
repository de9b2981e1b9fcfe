with entries as (
    {{ ledger_entries('attempt_graded', [
        'attempt_id',
        'enrollment_id',
        'course_id',
        'assessment_id',
        'attempt_number',
        'score',
        'passed',
        'is_banked',
    ]) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.subject_id') }} as person_id,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.attempt_id') }} as attempt_id,
        {{ as_id('entries.enrollment_id') }} as enrollment_id,
        {{ as_id('entries.course_id') }} as course_id,
        {{ as_id('entries.assessment_id') }} as assessment_id,
        cast(entries.attempt_number as integer) as attempt_number,
        cast(entries.score as double) as score,
        cast(entries.passed as boolean) as is_passed,
        coalesce(cast(entries.is_banked as boolean), false) as is_banked,
        entries.occurred_at
    from entries
)

select * from renamed
