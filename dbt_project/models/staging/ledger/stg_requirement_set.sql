with entries as (
    {{ ledger_entries('requirement_set', [
        'requirement_id',
        'course_id',
        'certification_id',
        'category',
        'role',
        'team_id',
        'due_within_days',
        'effective_from',
    ]) }}
),

renamed as (
    select
        entries.leaf_index,
        {{ as_id('entries.organization_id') }} as organization_id,
        {{ as_id('entries.requirement_id') }} as requirement_id,
        {{ as_id('entries.course_id') }} as course_id,
        {{ as_id('entries.certification_id') }} as certification_id,
        {{ as_id('entries.team_id') }} as team_id,
        entries.category,
        entries.role,
        cast(entries.due_within_days as integer) as due_within_days,
        cast(entries.effective_from as date) as effective_from,
        entries.occurred_at
    from entries
)

select * from renamed
