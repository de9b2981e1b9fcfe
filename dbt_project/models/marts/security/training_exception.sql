-- Who may do an action in some product but would fail what its gate asks for today.
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

needs as (
    select
        access.organization_id,
        access.person_id,
        access.action,
        access.granted_on,
        needs.need_number,
        needs.subject,
        needs.level_rank,
        needs.within_months,
        needs.within_days,
        greatest(access.leaf_index, needs.leaf_index) as leaf_index
    from access
    inner join {{ ref('int_gate_needs') }} as needs
        on access.organization_id = needs.organization_id and access.action = needs.action
),

evidence as (
    select
        evidence.person_id,
        coalesce(evidence.scope, tracks.persona || '/' || tracks.tier) as subject,
        {{ level_rank('evidence.level') }} as level_rank,
        evidence.achieved_on,
        evidence.certified_until,
        evidence.revoked_from,
        evidence.superseded_from,
        evidence.leaf_index
    from {{ ref('fct_proficiency') }} as evidence
    left join {{ ref('dim_track') }} as tracks on evidence.track_id = tracks.track_id
    -- Opening a lesson is no training yet.
    where evidence.achieved_on <= {{ as_of_on() }} and evidence.level <> 'enrolled'
),

proofs as (
    select
        needs.organization_id,
        needs.person_id,
        needs.action,
        needs.granted_on,
        needs.need_number,
        needs.leaf_index as need_leaf_index,
        evidence.leaf_index as evidence_leaf_index,
        evidence.superseded_from,
        -- First day on which it is too old for the gate, or the certification it earned has expired.
        least(
            {{ add_days('evidence.certified_until', 1) }},
            {{ add_days(add_months('evidence.achieved_on', 'needs.within_months'), 1) }},
            {{ add_days('evidence.achieved_on', 'needs.within_days + 1') }}
        ) as too_old_from,
        evidence.revoked_from,
        evidence.person_id is not null as is_proof
    from needs
    left join evidence
        on
            needs.person_id = evidence.person_id
            and needs.subject = evidence.subject
            and needs.level_rank <= evidence.level_rank
),

dated as (
    select
        *,
        least(too_old_from, revoked_from, superseded_from) as counts_until,
        coalesce(superseded_from <= least(too_old_from, revoked_from), superseded_from is not null) as is_superseded
    from proofs
),

answers as (
    select
        organization_id,
        person_id,
        action,
        need_number,
        min(granted_on) as granted_on,
        bool_or(is_proof) as has_proof,
        bool_or(is_proof and coalesce(counts_until > {{ as_of_on() }}, true)) as is_met,
        max(counts_until) filter (where is_proof) as unmet_since,
        coalesce(arg_max(is_superseded, (counts_until, is_superseded)) filter (where is_proof), false) as is_superseded,
        greatest(max(need_leaf_index), max(evidence_leaf_index)) as leaf_index
    from dated
    group by all
),

lacking as (
    select
        organization_id,
        person_id,
        action,
        min(granted_on) as granted_on,
        bool_or(not has_proof) as was_never_trained,
        bool_or(is_superseded) as is_superseded,
        max(unmet_since) as lapsed_on,
        count(*) as unmet_count,
        max(leaf_index) as leaf_index
    from answers
    where not is_met
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
            when waivers.person_id is not null then 'waived'
            when lacking.was_never_trained then 'never_trained'
            when lacking.is_superseded then 'superseded_version'
            else 'lapsed'
        end as reason,
        case
            when lacking.was_never_trained then lacking.granted_on
            else greatest(lacking.granted_on, lacking.lapsed_on)
        end as since_on,
        {{ add_days('waivers.waived_until', -1) }} as waived_through,
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
