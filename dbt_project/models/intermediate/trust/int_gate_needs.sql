-- What the rule in effect on the release's day asks for; an organization's own rule stands in for the platform's.
with entries as (
    select * from {{ ref('int_gate_rule_entries') }}
),

endings as (
    select
        rule_id,
        max(leaf_index) as leaf_index,
        arg_max(ended_on, leaf_index) as ended_on
    from entries
    where entry = 'gate_rule_ended'
    group by rule_id
),

rules as (
    select
        entries.organization_id,
        entries.action,
        entries.rule_id,
        entries.rule_version,
        entries.rule,
        greatest(entries.leaf_index, endings.leaf_index) as leaf_index
    from entries
    left join endings on entries.rule_id = endings.rule_id
    where
        entries.entry = 'gate_rule_set'
        and entries.effective_from <= {{ as_of_on() }}
        and coalesce(endings.ended_on > {{ as_of_on() }}, true)
),

organizations as (
    select distinct
        organization_id,
        action
    from {{ ref('fct_access') }}
    where is_current
),

in_effect as (
    select
        organizations.organization_id,
        rules.action,
        rules.rule_id,
        rules.rule_version,
        rules.rule,
        rules.leaf_index
    from organizations
    inner join rules on organizations.action = rules.action
    where rules.organization_id is null or rules.organization_id = organizations.organization_id
    qualify row_number() over (
        partition by organizations.organization_id, organizations.action
        order by rules.organization_id is null, rules.rule_version desc, rules.leaf_index desc
    ) = 1
),

requirements as (
    select
        in_effect.*,
        {{ json_array_rows('in_effect.rule', 'requirements') }} as requirement
    from in_effect
),

needs as (
    select
        organization_id,
        action,
        rule_id,
        row_number() over (partition by organization_id, action order by cast(requirement as varchar)) as need_number,
        {{ json_text('requirement', 'scope') }} as scope,
        {{ json_text('requirement', 'track') }} as track,
        {{ level_rank(json_text('requirement', 'level')) }} as level_rank,
        cast({{ json_text('requirement', 'within.months') }} as integer) as within_months,
        cast({{ json_text('requirement', 'within.days') }} as integer) as within_days,
        leaf_index
    from requirements
),

-- An organization's own track goes before the platform's of that name.
tracks as (
    select
        needs.organization_id,
        needs.action,
        needs.need_number,
        tracks.track_id
    from needs
    inner join {{ ref('dim_track') }} as tracks on needs.track = tracks.persona || '/' || tracks.tier
    where tracks.organization_id is null or tracks.organization_id = needs.organization_id
    qualify row_number() over (
        partition by needs.organization_id, needs.action, needs.need_number
        order by tracks.organization_id is null
    ) = 1
)

select
    needs.organization_id,
    needs.action,
    needs.rule_id,
    needs.need_number,
    coalesce(needs.scope, cast(tracks.track_id as varchar)) as subject,
    needs.level_rank,
    needs.within_months,
    needs.within_days,
    needs.leaf_index
from needs
left join tracks
    on
        needs.organization_id = tracks.organization_id
        and needs.action = tracks.action
        and needs.need_number = tracks.need_number
