"""The access log of one organization: who was let in, out or past a rule, what rules changed, what evidence left."""

from datetime import datetime

from app.dashboards.queries.listing import Listing
from operational_db.releases.reader import ScopedWarehouse

ALL = "Everything"
KINDS = {
    ALL: "true",
    "Evidence exported": "l.entry = 'evidence_exported'",
    "Access": "l.entry in ('access_granted', 'access_removed')",
    "Waivers": "l.entry in ('waiver_granted', 'waiver_ended')",
    "Rules and policies": "l.entry in ('gate_rule_set', 'gate_rule_ended', 'policy_version_published')",
    "Erasures": "l.entry = 'person_erased'",
}
SORTS = {
    "Latest first": "occurred_at desc, leaf_index desc",
    "Oldest first": "occurred_at, leaf_index",
    "Person": "who, occurred_at desc",
    "Action": "action nulls last, occurred_at desc",
}
_DAY = "'%-d %b %Y'"
_DETAILS = f"""
    case l.entry
        when 'evidence_exported' then
            replace(l.bundle_scope, '_', ' ') || ', ' || l.record_count || ' records'
        when 'access_granted' then 'from ' || strftime(l.holds_from, {_DAY})
        when 'access_removed' then 'without it from ' || strftime(l.holds_until, {_DAY})
        when 'waiver_granted' then
            strftime(l.holds_from, {_DAY}) || ' to ' || strftime(l.holds_until - 1, {_DAY})
            || ', approved by ' || coalesce(a.display_name, 'somebody who left')
        when 'waiver_ended' then 'without it from ' || strftime(l.holds_until, {_DAY})
        when 'gate_rule_set' then
            'version ' || l.version || case when l.mode = 'enforce' then ', blocks' else ', dry run' end
            || ' from ' || strftime(l.holds_from, {_DAY})
        when 'gate_rule_ended' then 'version ' || l.version || ', until ' || strftime(l.holds_until, {_DAY})
        when 'policy_version_published' then
            coalesce(k.code, 'a policy') || ' ' || l.version || ' from ' || strftime(l.holds_from, {_DAY})
        else ''
    end
    """


def counts(warehouse: ScopedWarehouse, *, since: datetime | None) -> dict[str, int]:
    """Entries since an instant, by kind of entry."""
    frame = warehouse.query(
        """
        select entry, count(*) as entry_count from access_log
        where $since::timestamptz is null or occurred_at >= $since::timestamptz group by entry
        """,
        {"since": since},
    )
    return dict(frame.iter_rows())


def actions(warehouse: ScopedWarehouse) -> list[str]:
    """Actions the log is about."""
    frame = warehouse.query("select distinct action from access_log where action is not null order by action")
    return frame["action"].to_list()


def listing(*, kind: str, action: str | None, search: str, since: datetime | None) -> Listing:
    """One row an entry; `who` is the person it concerns, for exports the one who took them."""
    sql = f"""
        select l.entry, l.occurred_at, l.action, l.leaf_index, {_DETAILS} as details,
               case when l.entry = 'person_erased' then 'Erased person'
                    when l.person_id is not null then coalesce(p.display_name, 'Former member')
                    when l.entry = 'evidence_exported' then 'The operator'
                    when l.organization_id is null then 'Everybody'
                    else 'All members' end as who
        from access_log as l
        left join dim_person as p on p.person_id = l.person_id
        left join dim_person as a on a.person_id = l.approver_id
        left join dim_policy as k on k.policy_id = l.policy_id
        where {KINDS[kind]}
          and ($since::timestamptz is null or l.occurred_at >= $since::timestamptz)
          and ($action::varchar is null or l.action = $action::varchar)
        """  # noqa: S608 - constants of this module
    # Names stand in for missing ones above, so they are searched from outside.
    matches = "$search = '' or contains(lower(who || ' ' || details), lower($search))"
    searched = f"select * from ({sql}) as named where {matches}"  # noqa: S608 - constants of this module
    return Listing(searched, SORTS, {"action": action, "search": search.strip(), "since": since})
