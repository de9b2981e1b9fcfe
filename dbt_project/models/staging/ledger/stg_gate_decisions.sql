{% set kinds = {
    'gate_decided': [
        'decision_id', 'rule_id', 'rule_version', 'action', 'resource', 'mode', 'outcome', 'reason',
        'evidence_ids', 'facts', 'decision',
    ],
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
        {{ as_id('entries.decision_id') }} as decision_id,
        {{ as_id('entries.rule_id') }} as rule_id,
        cast(entries.rule_version as integer) as rule_version,
        entries.action,
        entries.resource,
        entries.mode,
        entries.outcome,
        entries.reason,
        entries.evidence_ids,
        entries.facts,
        entries.decision,
        entries.occurred_at,
        entries.recorded_at
    from entries
)

select * from renamed
