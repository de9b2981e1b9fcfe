-- Who may do an action in some product but would not pass its gate today on training alone (`gates.exceptions`).
with access as (
    select
        organization_id,
        person_id,
        action,
        min(granted_on) as granted_on,
        max(leaf_index) as leaf_index
    from {{ ref('fct_access') }}
    where is_current
    group by organization_id, person_id, action
),

memberships as (
    select
        organization_id,
        person_id,
        bool_or(is_current) as is_member,
        max(ended_on) filter (where ended_on <= {{ as_of_on() }}) as left_on,
        max(leaf_index) as leaf_index
    from {{ ref('dim_membership') }}
    group by organization_id, person_id
),

needs as (
    select
        access.organization_id,
        access.person_id,
        access.action,
        access.granted_on,
        coalesce(memberships.is_member, false) as is_member,
        memberships.left_on,
        needs.need_number,
        needs.subject,
        needs.level_rank,
        needs.within_months,
        needs.within_days,
        greatest(access.leaf_index, memberships.leaf_index, needs.leaf_index) as leaf_index
    from access
    inner join {{ ref('int_gate_needs') }} as needs
        on access.organization_id = needs.organization_id and access.action = needs.action
    left join memberships
        on access.organization_id = memberships.organization_id and access.person_id = memberships.person_id
),

evidence as (
    select
        evidence.evidence_id,
        evidence.person_id,
        coalesce(evidence.scope, cast(evidence.track_id as varchar)) as subject,
        {{ level_rank('evidence.level') }} as level_rank,
        evidence.achieved_at,
        evidence.achieved_on,
        evidence.certified_until,
        evidence.revoked_from,
        evidence.is_superseded,
        -- Evidence of an organization's own lesson proves nothing to others.
        case when evidence.scope is not null then lessons.organization_id end as only_organization_id,
        evidence.leaf_index
    from {{ ref('fct_proficiency') }} as evidence
    left join {{ ref('dim_lesson') }} as lessons on evidence.lesson_id = lessons.lesson_id
    -- Opening a lesson is no training yet.
    where evidence.achieved_on <= {{ as_of_on() }} and evidence.level <> 'enrolled'
),

-- Joined by itself: as a condition of a left join, whose lesson it was would make the join compare every pair of rows.
fitting as (
    select
        needs.organization_id,
        needs.person_id,
        needs.action,
        needs.need_number,
        evidence.evidence_id,
        evidence.achieved_at,
        evidence.is_superseded,
        evidence.level_rank >= needs.level_rank as is_high_enough,
        least(
            {{ add_months('evidence.achieved_on', 'needs.within_months') }},
            {{ add_days('evidence.achieved_on', 'needs.within_days') }}
        ) as window_end_on,
        evidence.certified_until,
        evidence.revoked_from,
        evidence.leaf_index as evidence_leaf_index
    from needs
    inner join evidence on needs.person_id = evidence.person_id and needs.subject = evidence.subject
    where evidence.only_organization_id is null or evidence.only_organization_id = needs.organization_id
),

proofs as (
    select
        needs.*,
        fitting.evidence_id,
        fitting.achieved_at,
        fitting.is_superseded,
        fitting.is_high_enough,
        fitting.window_end_on,
        fitting.certified_until,
        fitting.revoked_from,
        fitting.evidence_leaf_index
    from needs
    left join fitting
        on
            needs.organization_id = fitting.organization_id
            and needs.person_id = fitting.person_id
            and needs.action = fitting.action
            and needs.need_number = fitting.need_number
),

-- What is wrong with each piece of evidence, from what is farthest from enough to what came closest.
judged as (
    select
        *,
        case
            when evidence_id is null then null
            when not is_high_enough then 1
            when revoked_from <= {{ as_of_on() }} then 2
            when certified_until < {{ as_of_on() }} then 4
            when window_end_on < {{ as_of_on() }} then 3
            else 0
        end as fault,
        case
            when is_high_enough then {{ add_days(
                "least(certified_until, window_end_on, " ~ add_days('revoked_from', -1) ~ ")", 1
            ) }}
        end as lacking_from
    from proofs
),

answers as (
    select
        organization_id,
        person_id,
        action,
        need_number,
        min(granted_on) as granted_on,
        bool_and(is_member) as is_member,
        min(left_on) as left_on,
        coalesce(bool_or(fault = 0), false) as is_met,
        max(fault) as closest_fault,
        coalesce(arg_max(is_superseded, (fault, achieved_at, evidence_id)), false) as is_superseded,
        max(lacking_from) as lacking_from,
        greatest(max(leaf_index), max(evidence_leaf_index)) as leaf_index
    from judged
    group by all
),

lacking as (
    select
        organization_id,
        person_id,
        action,
        min(granted_on) as granted_on,
        bool_and(is_member) as is_member,
        min(left_on) as left_on,
        bool_or(closest_fault = 2 and is_superseded) as is_superseded,
        bool_or(closest_fault >= 2) as is_lapsed,
        min(greatest(coalesce(lacking_from, granted_on), granted_on)) as lacking_from,
        count(*) as unmet_count,
        max(leaf_index) as leaf_index
    from answers
    where not is_met or not is_member
    group by organization_id, person_id, action
),

waivers as (
    select
        organization_id,
        person_id,
        action,
        max(holds_until) as waived_until,
        max(leaf_index) as leaf_index
    from {{ ref('int_waivers') }}
    where holds_from <= {{ as_of_on() }} and holds_until > {{ as_of_on() }}
    group by organization_id, person_id, action
),

exceptions as (
    select
        lacking.organization_id,
        lacking.person_id,
        lacking.action,
        case
            when not lacking.is_member then 'no_longer_member'
            when waivers.person_id is not null then 'waived'
            when lacking.is_superseded then 'superseded_version'
            when lacking.is_lapsed then 'lapsed'
            else 'never_trained'
        end as reason,
        case
            when not lacking.is_member then greatest(lacking.granted_on, lacking.left_on)
            else lacking.lacking_from
        end as since_on,
        case when lacking.is_member then {{ add_days('waivers.waived_until', -1) }} end as waived_through,
        lacking.unmet_count,
        greatest(lacking.leaf_index, waivers.leaf_index) as leaf_index
    from lacking
    left join waivers
        on
            lacking.organization_id = waivers.organization_id
            and lacking.person_id = waivers.person_id
            and lacking.action = waivers.action
)

select * from exceptions
