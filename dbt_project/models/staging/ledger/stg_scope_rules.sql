{% set kinds = {
    'scope_rule_set': ['rule_id', 'rule_version', 'scope', 'effective_from', 'rule'],
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
        {{ as_id('entries.rule_id') }} as rule_id,
        cast(entries.rule_version as integer) as rule_version,
        entries.scope,
        cast(entries.effective_from as date) as effective_from,
        entries.rule,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
