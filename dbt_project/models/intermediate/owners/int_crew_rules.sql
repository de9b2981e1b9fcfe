-- Of each target the highest version in effect on the release's day (`owners.rules.rules_in_effect`).
with entries as (
    select * from {{ ref('int_crew_rule_entries') }}
),

endings as (
    select
        rule_id,
        max(leaf_index) as leaf_index,
        arg_max(ended_on, leaf_index) as ended_on
    from entries
    where entry = 'crew_rule_ended'
    group by rule_id
),

rules as (
    select
        entries.organization_id as owner_id,
        entries.rule_id,
        entries.rule_version,
        entries.target,
        entries.target_key,
        entries.mode,
        entries.requirement,
        entries.effective_from,
        greatest(entries.leaf_index, endings.leaf_index) as leaf_index
    from entries
    left join endings on entries.rule_id = endings.rule_id
    where
        entries.entry = 'crew_rule_set'
        and entries.effective_from <= {{ as_of_on() }}
        and coalesce(endings.ended_on > {{ as_of_on() }}, true)
    qualify row_number() over (
        partition by entries.organization_id, entries.target, entries.target_key
        order by entries.rule_version desc, entries.leaf_index desc
    ) = 1
)

select * from rules
