{% set kinds = {
    'training_cost_recorded': ['cost_id', 'cost_kind', 'course_id', 'incurred_on', 'amount', 'currency'],
    'training_cost_withdrawn': ['cost_id'],
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
        {{ as_id('entries.cost_id') }} as cost_id,
        entries.cost_kind,
        {{ as_id('entries.course_id') }} as course_id,
        cast(entries.incurred_on as date) as incurred_on,
        cast(entries.amount as decimal(14, 2)) as amount,
        entries.currency,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
