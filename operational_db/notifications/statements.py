"""The set-based SQL of the outbox, as text: what each schedule is about, owing, claiming, concluding, listing.

Every statement is put together from constants of this module; values come in as parameters. `zones` holds the day it is
for the people of each time zone, worked out in Python.
"""

from sqlalchemy import TextClause, text

from operational_db.proficiency.rules import SUPERSEDED_REASON
from operational_db.types import ReminderSchedule

# Time-ordered ids (RFC 9562, version 7), put together here because PostgreSQL makes none before version 18 and 15 is
# the oldest we work on: what is written on one day lies together in the indexes, however much was told before.
_MILLISECONDS = "lpad(to_hex(cast(extract(epoch from cast(:now as timestamptz)) * 1000 as bigint)), 12, '0')"
_NEW_ID = (
    f"cast(left({_MILLISECONDS}, 8) || '-' || right({_MILLISECONDS}, 4) || '-7'"
    " || substr(cast(gen_random_uuid() as text), 16) as uuid)"
)

_ZONES = """
zones as materialized (
    select * from unnest(
        cast(:zone_names as text[]), cast(:todays as date[]), cast(:first_days as date[]), cast(:since as date[]),
        cast(:send_from as date[])
    ) as z (name, today, first_day, since, send_from)
)
"""

# A certificate speaks for its kind while no later one of the person's does. One whose evidence was not accepted neither
# counts nor renews. Certificates are the person's own: no organization, and no membership needed.
_CERTIFICATES = """
select
    held.person_id, held.id as subject_id, held.expires_on as due_on, cast(null as uuid) as organization_id,
    kind.name as title, '/me-certificates' as action_path, zones.*
from certificates as held
join certification_registry as kind on kind.id = held.certification_id
join people on people.id = held.person_id and people.erased_at is null
join zones on zones.name = people.timezone
where held.expires_on is not null and held.withdrawn_at is null and held.revoked_at is null
    and held.verification_status <> 'failed'
    and not exists (
        select from certificates as later
        where later.person_id = held.person_id and later.certification_id = held.certification_id
            and later.id <> held.id and later.withdrawn_at is null and later.revoked_at is null
            and later.verification_status <> 'failed'
            and (
                later.expires_on is null or later.expires_on > held.expires_on
                or later.renews_id = held.id or (later.expires_on = held.expires_on and later.id > held.id)
            )
    )
"""

# Whoever manages people where the holder works is told of hers; nobody gets a copy of her own news.
_EMPLOYER_COPIES = """
select
    manages.person_id, held.id as subject_id, held.expires_on as due_on, manages.organization_id,
    holder.display_name || ': ' || kind.name as title, '/company-certificates' as action_path, zones.*
from certificates as held
join certification_registry as kind on kind.id = held.certification_id
join people as holder on holder.id = held.person_id and holder.erased_at is null
join memberships as works on works.person_id = held.person_id
join memberships as manages
    on manages.organization_id = works.organization_id and manages.role = 'company_manager'
        and manages.person_id <> held.person_id
join people on people.id = manages.person_id and people.erased_at is null
join zones on zones.name = people.timezone
where held.expires_on is not null and held.withdrawn_at is null and held.revoked_at is null
    and held.verification_status = 'verified'
    and works.started_on <= zones.today and (works.ended_on is null or works.ended_on > zones.today)
    and manages.started_on <= zones.today and (manages.ended_on is null or manages.ended_on > zones.today)
    and not exists (
        select from certificates as later
        where later.person_id = held.person_id and later.certification_id = held.certification_id
            and later.id <> held.id and later.withdrawn_at is null and later.revoked_at is null
            and later.verification_status <> 'failed'
            and (
                later.expires_on is null or later.expires_on > held.expires_on
                or later.renews_id = held.id or (later.expires_on = held.expires_on and later.id > held.id)
            )
    )
"""


# Earned for an organization, a certification in a scope matters while the person belongs to it. It ends on its last day
# or, when a policy comes to ask for more, on the day before that; taken back for another reason it is not spoken of. A
# later one takes its place unless it comes from a lesson of another organization, which does not count here.
def _scopes(last_on: str, condition: str) -> str:
    return f"""
select
    held.person_id, held.id as subject_id, {last_on} as due_on, held.organization_id,
    coalesce(held.scope, track.title) as title,
    case when held.lesson_id is null then '/me-training' else
        '/me-lesson?lesson=' || held.lesson_id || '&trigger=reminder' || coalesce('&in=' || held.organization_id, '')
    end as action_path,
    zones.*
from proficiency_evidence as held
left join training_tracks as track on track.id = held.track_id
join people on people.id = held.person_id and people.erased_at is null
join zones on zones.name = people.timezone
where held.level = 'certified' and held.expires_on is not null and {condition}
    and (
        held.organization_id is null
        or exists (
            select from memberships
            where memberships.person_id = held.person_id and memberships.organization_id = held.organization_id
                and memberships.started_on <= zones.today
                and (memberships.ended_on is null or memberships.ended_on > zones.today)
        )
    )
    and not exists (
        select from proficiency_evidence as later
        left join lessons as taught on taught.id = later.lesson_id
        where later.person_id = held.person_id and later.id <> held.id
            and (later.scope = held.scope or later.track_id = held.track_id)
            and later.level = 'certified'
            and (later.revoked_at is null or later.revocation_reason = '{SUPERSEDED_REASON}')
            and (taught.organization_id is null or taught.organization_id = held.organization_id)
            and (
                coalesce(least(later.expires_on, later.revoked_from - 1), 'infinity') > {last_on}
                or (least(later.expires_on, later.revoked_from - 1) = {last_on} and later.id > held.id)
            )
    )
"""  # noqa: S608 - constants of this module


# Apart, so that the last days of those that nothing ended early are looked up in their index.
_SCOPES = f"""
{_scopes("held.expires_on", "held.revoked_at is null")}
union all
{_scopes("least(held.expires_on, held.revoked_from - 1)", f"held.revocation_reason = '{SUPERSEDED_REASON}'")}
"""

# Open assignments of members, as `compliance.evaluation.recipient_status` sees them: neither completed, nor met by a
# certificate that still counts, nor exempted.
_HOLDS = """
    select from certificates as proof
    where proof.person_id = reached.person_id and proof.certification_id = {certification}
        and proof.verification_status = 'verified' and proof.withdrawn_at is null
        and proof.issued_on <= zones.today and (proof.expires_on is null or proof.expires_on >= zones.today)
        and (proof.revoked_from is null or proof.revoked_from > zones.today)
"""
_NEEDED = """coalesce(
    requirement.certification_id,
    case when required_course.leads_to_certification then required_course.certification_id end
)"""
_ASSIGNMENTS = f"""
select
    reached.person_id, reached.id as subject_id, reached.due_on, assignment.organization_id,
    course.title, '/me-training?training_part=Assigned' as action_path, zones.*
from assignment_recipients as reached
join training_assignments as assignment on assignment.id = reached.assignment_id
join courses as course on course.id = assignment.course_id
join people on people.id = reached.person_id and people.erased_at is null
join zones on zones.name = people.timezone
left join training_requirements as requirement on requirement.id = assignment.requirement_id
left join courses as required_course on required_course.id = requirement.course_id
where reached.due_on is not null and reached.completed_at is null and reached.cancelled_at is null
    and assignment.cancelled_at is null
    and exists (
        select from memberships
        where memberships.person_id = reached.person_id and memberships.organization_id = assignment.organization_id
            and memberships.started_on <= zones.today
            and (memberships.ended_on is null or memberships.ended_on > zones.today)
    )
    and not exists (
        select from training_exemptions as exemption
        where exemption.person_id = reached.person_id
            and (exemption.recipient_id = reached.id or exemption.requirement_id = assignment.requirement_id)
            and zones.today between exemption.starts_on and exemption.ends_on
            and (exemption.ended_at is null or cast(exemption.ended_at as date) > zones.today)
    )
    and not exists (
        select from course_enrollments as taken
        where taken.person_id = reached.person_id and taken.course_id = assignment.course_id
            and taken.status = 'completed'
            and (assignment.minimum_score is null or taken.final_score >= assignment.minimum_score)
            and (
                taken.ended_at >= reached.assigned_at
                or (course.leads_to_certification and exists ({_HOLDS.format(certification="course.certification_id")}))
            )
    )
    and not exists ({_HOLDS.format(certification=_NEEDED)})
    and not (
        required_course.id is not null and not required_course.leads_to_certification
        and exists (
            select from course_enrollments as taken
            where taken.person_id = reached.person_id and taken.course_id = required_course.id
                and taken.status = 'completed'
        )
    )
"""  # noqa: S608 - constants of this module

# Lessons that somebody was asked to take, as `gates.access` sees them: done by a passed attempt or evidence since.
_LESSONS = """
select
    asked.person_id, asked.id as subject_id, asked.due_on, asked.organization_id, lesson.title,
    '/me-lesson?lesson=' || asked.lesson_id || '&trigger=assignment&in=' || asked.organization_id as action_path,
    zones.*
from lesson_assignments as asked
join lessons as lesson on lesson.id = asked.lesson_id
join people on people.id = asked.person_id and people.erased_at is null
join zones on zones.name = people.timezone
where asked.cancelled_at is null
    and exists (
        select from memberships
        where memberships.person_id = asked.person_id and memberships.organization_id = asked.organization_id
            and memberships.started_on <= zones.today
            and (memberships.ended_on is null or memberships.ended_on > zones.today)
    )
    and not exists (
        select from lesson_attempts as attempt
        join lesson_versions as version on version.id = attempt.lesson_version_id
        where version.lesson_id = asked.lesson_id and attempt.person_id = asked.person_id
            and attempt.is_passed and attempt.submitted_at >= asked.assigned_at
    )
    and not exists (
        select from proficiency_evidence as proof
        where proof.person_id = asked.person_id and proof.lesson_id = asked.lesson_id
            and proof.achieved_at >= asked.assigned_at
    )
"""

# Alerts are opened and closed by `owners.alerts`, which asks the engine; both sides of the contract are told.
_VISITS = """
select
    told.person_id, alert.id as subject_id, visit.planned_on as due_on, told.organization_id,
    building.name || coalesce(', ' || unit.name, '') as title,
    case when told.organization_id = building.organization_id then '/owner-visits' else '/company-visits' end
        || '?visit=' || visit.id as action_path,
    zones.*
from visit_alerts as alert
join visits as visit on visit.id = alert.visit_id and visit.status = 'planned'
join buildings as building on building.id = visit.building_id
join service_contracts as contract on contract.id = visit.contract_id
left join equipment as unit on unit.id = visit.equipment_id
join memberships as told
    on (
        (told.organization_id = building.organization_id and told.role = 'building_owner')
        or (told.organization_id = contract.contractor_id and told.role = 'company_manager')
    )
join people on people.id = told.person_id and people.erased_at is null
join zones on zones.name = people.timezone
where alert.closed_at is null and visit.planned_on >= zones.today
    and told.started_on <= zones.today and (told.ended_on is null or told.ended_on > zones.today)
"""

# Whoever was asked is told while the request waits: the mentor, or the mentee a mentor offered herself to.
_MENTORSHIP_ANSWERS = """
select
    told.id as person_id, pair.id as subject_id, cast(pair.expires_at at time zone zones.name as date) as due_on,
    cast(null as uuid) as organization_id, asker.display_name as title, '/me-mentorships' as action_path, zones.*
from mentorships as pair
join people as told
    on told.id = case when pair.proposed_by_id = pair.mentor_id then pair.mentee_id else pair.mentor_id end
        and told.erased_at is null
join people as asker
    on asker.id = case when pair.proposed_by_id = pair.mentor_id then pair.mentor_id else pair.mentee_id end
join zones on zones.name = told.timezone
where pair.status = 'pending' and pair.expires_at is not null
"""

# Whoever asked is told the answer; that a request expired without one, both sides are.
_MENTORSHIP_NEWS = """
select
    told.id as person_id, pair.id as subject_id,
    cast(coalesce(pair.answered_at, pair.ended_at) at time zone zones.name as date) as due_on,
    cast(null as uuid) as organization_id,
    case
        when pair.status = 'expired'
            then 'The request for mentoring between you and ' || other.display_name || ' expired'
        when pair.status = 'declined' then other.display_name || ' declined your request for mentoring'
        else other.display_name || ' accepted your request for mentoring'
    end as title,
    '/me-mentorships' as action_path, zones.*
from mentorships as pair
cross join lateral (values
    (pair.mentor_id, pair.mentee_id, coalesce(pair.proposed_by_id = pair.mentor_id, false)),
    (pair.mentee_id, pair.mentor_id, coalesce(pair.proposed_by_id <> pair.mentor_id, true))
) as side (person_id, other_id, has_asked)
join people as told on told.id = side.person_id and told.erased_at is null
join people as other on other.id = side.other_id
join zones on zones.name = told.timezone
where pair.status = 'expired' or (pair.answered_at is not null and side.has_asked)
"""

# While a proposal waits for the contractor's answer, whoever may give it is told of it.
_PROPOSALS = """
select
    told.person_id, contract.id as subject_id, cast(contract.proposed_at at time zone zones.name as date) as due_on,
    told.organization_id, owner.name as title, '/company-visits' as action_path, zones.*
from service_contracts as contract
join organizations as owner on owner.id = contract.owner_id
join memberships as told on told.organization_id = contract.contractor_id and told.role = 'company_manager'
join people on people.id = told.person_id and people.erased_at is null
join zones on zones.name = people.timezone
where contract.accepted_at is null and contract.declined_at is null and contract.withdrawn_at is null
    and (contract.ended_on is null or contract.ended_on >= zones.today)
    and told.started_on <= zones.today and (told.ended_on is null or told.ended_on > zones.today)
"""

SUBJECTS = {
    ReminderSchedule.CERTIFICATE_EXPIRY: _CERTIFICATES,
    ReminderSchedule.EMPLOYER_COPY: _EMPLOYER_COPIES,
    ReminderSchedule.SCOPE_EXPIRY: _SCOPES,
    ReminderSchedule.ASSIGNMENT_DUE: f"{_ASSIGNMENTS} union all {_LESSONS}",
    ReminderSchedule.VISIT_UNQUALIFIED: _VISITS,
    ReminderSchedule.MENTORSHIP_ANSWER: _MENTORSHIP_ANSWERS,
    ReminderSchedule.MENTORSHIP_NEWS: _MENTORSHIP_NEWS,
    ReminderSchedule.CONTRACT_PROPOSED: _PROPOSALS,
}


# Told or waiting, and still believed to be true. A table of its own, whose size PostgreSQL knows before it is compared
# with subjects that may have been filled a moment ago.
COLLECT_OPEN = text(
    """
    create temporary table open_items on commit drop as
    select id, subject_id, person_id, due_on from notification_items
    where schedule = :schedule and resolved_at is null and notification_id is not null
        and due_on between :due_from and :due_to
    """
)
ANALYZE_OPEN = text("analyze open_items")
DROP_OPEN = text("drop table open_items")


def _locked(chosen: str) -> str:
    """The rows of items chosen by id, without those somebody else holds, as they are once locked.

    Their state is asked afterwards: a condition on it here would offer the server indexes that hold every such item.
    """
    return f"""
        locked as materialized (
            select item.id, item.resolved_at, item.sent_at from notification_items as item
            where item.id = any(array(select id from {chosen}))
            for update of item skip locked
        )
    """  # noqa: S608 - constants of this module


def resolve(schedule: ReminderSchedule) -> TextClause:
    """Closes the items whose state has ended; what a delivery is noting at this moment is left to the next round.

    Only items whose date lies between `due_from` and `due_to` are looked at, and only subjects with such a date: so
    neither what was told long ago nor what is due long after costs anything. The dates of both are compared in a form
    no index answers, so that few subjects are looked up by their ids.
    """
    return text(
        f"""
        with {_ZONES},
        ended as materialized (
            select item.id from open_items as item
            where not exists (
                select from ({SUBJECTS[schedule]}) as subject
                where subject.subject_id = item.subject_id and subject.person_id = item.person_id
                    and subject.due_on - item.due_on = 0 and subject.due_on between :due_from and :due_to
            )
        ),
        {_locked("ended")}
        update notification_items as item set resolved_at = :now from locked
        where item.id = locked.id and locked.resolved_at is null
        """  # noqa: S608 - constants of this module
    )


# From when on open items are looked at: what was told is over some time after its date, what waits never is.
OPEN_DATES = text(
    """
    select
        least(:due_from, (
            select min(due_on) from notification_items
            where schedule = :schedule and resolved_at is null and sent_at is null and notification_id is not null
        )) as due_from,
        (
            select max(due_on) from notification_items
            where schedule = :schedule and resolved_at is null and notification_id is not null
        ) as due_to
    """
)


# The most urgent step told or settled of each state whose date lies in the window: read in one go from an index, so
# that the time does not grow with what was ever told, as it does when each subject is looked up among it.
COLLECT_TOLD = text(
    """
    create temporary table told_items on commit drop as
    select person_id, subject_id, due_on, min(step) as step from notification_items
    where schedule = :schedule and due_on between :low and :high and (resolved_at is null or sent_at is not null)
    group by person_id, subject_id, due_on
    """
)
ANALYZE_TOLD = text("analyze told_items")
DROP_TOLD = text("drop table told_items")


def collect(schedule: ReminderSchedule) -> TextClause:
    """`rules.owed_steps` for everybody at once, into a table that lasts as long as the transaction.

    News go into the message of the first day that is not sealed.
    """
    return text(
        f"""
        create temporary table owed_reminders on commit drop as
        with {_ZONES},
        reached as (
            select distinct on (subject.person_id, subject.subject_id)
                subject.*, step.days as step, subject.due_on - step.days >= subject.send_from as is_sent
            from ({SUBJECTS[schedule]}) as subject
            join unnest(cast(:steps as int[])) as step (days)
                on subject.due_on - step.days between subject.since and subject.today
            where subject.due_on between :low and :high
            order by subject.person_id, subject.subject_id, step.days
        )
        select reached.*, cast(null as uuid) as notification_id,
            greatest(reached.first_day, 1 + (
                select max(sealed.on_date) from notifications as sealed
                where sealed.person_id = reached.person_id and sealed.sealed_at is not null
                    and sealed.on_date >= reached.first_day
            )) as on_date
        from reached
        left join told_items as told
            on told.person_id = reached.person_id and told.subject_id = reached.subject_id
                and told.due_on = reached.due_on
        where told.step is null or told.step > reached.step
        """  # noqa: S608 - constants of this module
    )


ANALYZE_COLLECTED = text("analyze owed_reminders")
DROP_COLLECTED = text("drop table owed_reminders")

# Making a day's message, or touching the one that is there, locks it against being sealed until the commit. Each
# reminder keeps the message it goes into, so that nothing looks through all there ever were; one that was sealed a
# moment ago takes nothing more, and its news are owed again in the next round.
PLACE = text(
    f"""
    with placed as (
        insert into notifications (id, person_id, on_date, created_at, updated_at)
        select {_NEW_ID}, person_id, on_date, :now, :now
        from (select distinct person_id, on_date from owed_reminders where is_sent) as addressed
        order by person_id
        on conflict (person_id, on_date) do update set updated_at = excluded.updated_at
            where notifications.sealed_at is null
        returning id, person_id, on_date
    )
    update owed_reminders as owed set notification_id = placed.id from placed
    where owed.is_sent and owed.person_id = placed.person_id and owed.on_date = placed.on_date
    """  # noqa: S608 - constants of this module
)

ADD_ITEMS = text(
    f"""
    insert into notification_items (
        id, notification_id, person_id, schedule, subject_id, step, due_on, organization_id, title, action_path, owed_at
    )
    select {_NEW_ID}, notification_id, person_id, :schedule, subject_id, step, due_on, organization_id, title,
        action_path, :now
    from owed_reminders
    where is_sent = :is_sent and (notification_id is not null or not is_sent)
    """  # noqa: S608 - constants of this module
)

ROUTE = text(
    f"""
    with days as materialized (
        select * from unnest(
            cast(:day_zones as text[]), cast(:days as date[]), cast(:instants as timestamptz[])
        ) as d (zone, on_date, deliver_at)
    )
    insert into notification_deliveries (
        id, notification_id, person_id, channel, due_at, next_attempt_at, created_at, updated_at
    )
    select {_NEW_ID}, addressed.notification_id, addressed.person_id, channel.name, days.deliver_at, days.deliver_at,
        :now, :now
    from (
        select distinct owed.notification_id, owed.person_id, owed.on_date, owed.name, way.channel
        from owed_reminders as owed
        join unnest(cast(:way_steps as int[]), cast(:way_channels as text[])) as way (step, channel)
            on way.step = owed.step
        where owed.notification_id is not null
    ) as addressed
    join days on days.zone = addressed.name and days.on_date = addressed.on_date
    join people on people.id = addressed.person_id
    cross join lateral (select addressed.channel as name) as channel
    left join notification_preferences as preference
        on preference.person_id = addressed.person_id and preference.channel = channel.name
    where case channel.name
        when 'in_app' then true
        when 'email' then people.email is not null and coalesce(preference.is_enabled, true)
        else coalesce(preference.is_enabled, false)
    end
    on conflict (notification_id, channel) do nothing
    """  # noqa: S608 - constants of this module
)

# What waits lies among the steps of its date that count, read in one go and compared without a join: the table may
# have been filled in this very transaction, and a plan for the few rows it had before would look at all pairs.
SUPERSEDE = text(
    f"""
    with outdone as materialized (
        select id from (
            select id, step, min(step) over (partition by person_id, subject_id, due_on) as most_urgent,
                resolved_at is null and sent_at is null and notification_id is not null as is_waiting
            from notification_items
            where schedule = :schedule and due_on between :low and :high
                and (resolved_at is null or sent_at is not null)
        ) as counted
        where is_waiting and most_urgent < step
    ),
    {_locked("outdone")}
    update notification_items as item set resolved_at = :now from locked
    where item.id = locked.id and locked.resolved_at is null and locked.sent_at is null
    """  # noqa: S608 - constants of this module
)

WAITING_DATES = text(
    """
    select min(due_on) as low, max(due_on) as high from notification_items
    where schedule = :schedule and resolved_at is null and sent_at is null and notification_id is not null
    """
)

_OPEN = "delivered_at is null and given_up_at is null and cancelled_at is null"

# Whole people, so that what waits for one of them goes into one message. The person is locked too: she is either erased
# before, or told before she is erased.
CLAIM = text(
    f"""
    with turn as (
        select distinct person_id from (
            select person_id from notification_deliveries
            where channel = :channel and next_attempt_at <= :now and {_OPEN}
            order by next_attempt_at
            limit :limit
        ) as first
    )
    select delivery.id as delivery_id, delivery.notification_id, delivery.person_id,
        delivery.attempt_count, delivery.due_at,
        delivery.claimed_at is not null as is_in_doubt, delivery.merged_into_id, people.timezone, people.is_simulated,
        case
            when people.erased_at is not null then null
            when delivery.channel = 'in_app' then ''
            when delivery.channel = 'email' then
                case when coalesce(preference.is_enabled, true) then people.email end
            when preference.is_enabled then preference.address
        end as address
    from turn
    join notification_deliveries as delivery on delivery.person_id = turn.person_id
    join notifications as message on message.id = delivery.notification_id
    join people on people.id = delivery.person_id
    left join notification_preferences as preference
        on preference.person_id = delivery.person_id and preference.channel = delivery.channel
    where delivery.channel = :channel and delivery.next_attempt_at <= :now and delivery.delivered_at is null
        and delivery.given_up_at is null and delivery.cancelled_at is null
    order by delivery.person_id, message.on_date desc, delivery.id
    for no key update of delivery, message, people skip locked
    """  # noqa: S608 - constants of this module
)

NOTE_CLAIMED = text(
    """
    update notification_deliveries
    set claimed_at = :now, next_attempt_at = :until, updated_at = :now,
        merged_into_id = case when id = :primary then null else cast(:primary as uuid) end
    where id = any(:ids)
    """
)

NOTE_DELIVERED = text(
    """
    update notification_deliveries
    set delivered_at = :now, attempt_count = attempt_count + 1, last_error = null, claimed_at = null, updated_at = :now
    where id = any(:ids)
    """
)

NOTE_TOLD = text(
    """
    update notification_items set sent_at = :now
    where sent_at is null and resolved_at is null and notification_id in (
        select notification_id from notification_deliveries where id = any(:ids)
    ) and (schedule, step) in (
        select * from unnest(cast(:told_schedules as text[]), cast(:told_steps as int[]))
    )
    """
)

NOTE_FAILED = text(
    """
    update notification_deliveries
    set attempt_count = attempt_count + 1, last_error = :reason, updated_at = :now,
        next_attempt_at = coalesce(cast(:next as timestamptz), next_attempt_at),
        given_up_at = case when cast(:next as timestamptz) is null then cast(:now as timestamptz) end,
        claimed_at = case when :is_in_doubt then claimed_at end,
        merged_into_id = case when :is_in_doubt then merged_into_id end
    where id = any(:ids)
    """
)

_MINE = """
    from notifications as message
    join notification_deliveries as told
        on told.notification_id = message.id and told.channel = 'in_app' and told.delivered_at is not null
    where message.person_id = :person
"""
MINE = text(
    f"""
    select message.id as notification_id, message.on_date, told.delivered_at, message.read_at
    {_MINE} and (not :unread_only or message.read_at is null)
    order by message.on_date desc, message.id limit :limit offset :offset
    """
)
COUNT_MINE = text(f"select count(*) as total, count(*) filter (where message.read_at is null) as unread {_MINE}")
MARK_ALL_READ = text(
    f"""
    update notifications set read_at = :now, updated_at = :now
    where id in (select message.id {_MINE} and message.read_at is null)
    """  # noqa: S608 - constants of this module
)

_STATE = """
    case
        when delivery.delivered_at is not null then 'delivered'
        when delivery.cancelled_at is not null then 'cancelled'
        when delivery.given_up_at is not null then 'given_up'
        when delivery.claimed_at is not null then 'in_doubt'
        when delivery.attempt_count > 0 then 'retrying'
        else 'waiting'
    end
"""
OUTBOX_COUNTS = text(
    f"""
    select delivery.channel, {_STATE} as state, count(*) as count, min(delivery.due_at) as oldest_due_at
    from notification_deliveries as delivery
    group by 1, 2
    order by 1, 2
    """  # noqa: S608 - constants of this module
)
_OUTBOX = f"""
    select delivery.id as delivery_id, delivery.person_id, delivery.channel, message.on_date, {_STATE} as state,
        (
            select count(*) from notification_items as item where item.notification_id = delivery.notification_id
        ) as item_count,
        delivery.attempt_count, delivery.next_attempt_at, delivery.last_error,
        coalesce(delivery.delivered_at, delivery.cancelled_at, delivery.given_up_at) as ended_at,
        delivery.merged_into_id
    from notification_deliveries as delivery
    join notifications as message on message.id = delivery.notification_id
    where (cast(:state as text) is null or {_STATE} = :state)
        and (cast(:channel as text) is null or delivery.channel = :channel)
"""  # noqa: S608 - constants of this module
OUTBOX_TOTAL = text(f"select count(*) from ({_OUTBOX}) as listed")  # noqa: S608 - constants of this module
OUTBOX = text(
    f"""
    {_OUTBOX}
    order by
        array_position(array['given_up', 'in_doubt', 'retrying', 'waiting', 'delivered', 'cancelled'], {_STATE}),
        delivery.updated_at desc, delivery.id
    limit :limit offset :offset
    """
)
