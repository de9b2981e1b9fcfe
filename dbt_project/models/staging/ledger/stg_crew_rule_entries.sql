{% set kinds = {
    'crew_rule_set': ['rule_id', 'rule_version', 'target', 'target_key', 'mode', 'requirement', 'effective_from'],
    'crew_rule_ended': ['rule_id', 'rule_version', 'ended_on'],
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
        entries.target,
        entries.target_key,
        entries.mode,
        entries.requirement,
        cast(entries.effective_from as date) as effective_from,
        cast(entries.ended_on as date) as ended_on,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
