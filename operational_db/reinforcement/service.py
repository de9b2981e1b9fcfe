"""Use cases in the flow of work: the tip before a risky action, near-misses of other products, micro-lessons they earn.

Tips and reinforcements are the person's own; near-misses are reported by whoever may for the organization.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content.permissions import require_visible
from operational_db.content.reading import feature_view, lesson_item
from operational_db.content.repository import ContentRepository
from operational_db.content.views import LessonListItem, PolicyView, RunbookView
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    NearMissRecorded,
    ReinforcementFinished,
    ReinforcementScheduled,
    TipDismissed,
    TipShown,
)
from operational_db.reinforcement import rules
from operational_db.reinforcement.repository import ReinforcementRepository, no_reinforcement
from operational_db.reinforcement.rules import Offer
from operational_db.tables.content import NearMiss, ProtectedFeature, Reinforcement
from operational_db.types import NearMissKind, new_id

# A product's clock may run a little ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Tip:
    """The overlay before a risky action: two or three bullets, the micro-lesson, policy and runbook behind them."""

    feature_id: UUID
    action: str
    title: str
    bullets: Sequence[str]
    lesson: LessonListItem | None
    policy: PolicyView
    runbook: RunbookView


@dataclass(frozen=True)
class NearMissReport:
    """`is_new` is false for a repeated report; `reinforcement` is the micro-lesson that this near-miss earned."""

    near_miss: NearMiss
    is_new: bool
    reinforcement: Reinforcement | None


@dataclass(frozen=True)
class DueReinforcement:
    """A micro-lesson to put before the person now."""

    reinforcement_id: UUID
    organization_id: UUID
    action: str
    due_at: datetime
    lesson: LessonListItem


def tip_for(
    session: Session,
    principal: Principal,
    *,
    action: str,
    organization_id: UUID | None,
    locale: str | None = None,
    now: datetime,
) -> Tip | None:
    """The tip to show when the person opens the feature, whose impression is logged; None once she dismissed it.

    A dismissal holds until the feature's description changes.

    Raises
    ------
    NotFoundError
        When nobody described the action, or the organization is none of the principal's.
    NotAuthorizedError
        For the system, which reads no tips.
    """
    feature = _feature(session, principal, action, organization_id)
    dismissed_at = ReinforcementRepository(session).dismissed_at(principal.person_id, feature.id)
    if dismissed_at is not None and dismissed_at >= feature.updated_at:
        return None
    view = feature_view(ContentRepository(session), feature, on=now.date(), locale=locale)
    event = TipShown(
        subject_id=principal.person_id,
        organization_id=organization_id,
        occurred_at=now,
        feature_id=feature.id,
        action=action,
    )
    append_events(session, [event], now=now)
    return Tip(
        feature_id=feature.id,
        action=action,
        title=feature.title,
        bullets=view.tip_bullets,
        lesson=view.lesson,
        policy=view.policy,
        runbook=view.runbook,
    )


def dismiss_tip(
    session: Session, principal: Principal, *, action: str, organization_id: UUID | None, now: datetime
) -> None:
    """Not to be shown again until it changes. Said again, it changes nothing and adds no event.

    Raises
    ------
    NotFoundError, NotAuthorizedError
        As `tip_for`.
    """
    feature = _feature(session, principal, action, organization_id)
    repository = ReinforcementRepository(session)
    repository.lock_person(principal.person_id)
    dismissed_at = repository.dismissed_at(principal.person_id, feature.id)
    if dismissed_at is not None and dismissed_at >= feature.updated_at:
        return
    repository.dismiss(principal.person_id, feature.id, now=now)
    event = TipDismissed(
        subject_id=principal.person_id,
        organization_id=organization_id,
        occurred_at=now,
        feature_id=feature.id,
        action=action,
    )
    append_events(session, [event], now=now)


def record_near_miss(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    near_miss_kind: NearMissKind,
    action: str,
    external_id: str,
    occurred_at: datetime,
    now: datetime,
) -> NearMissReport:
    """Note a near-miss of another product; the second one in the action within 14 days earns a micro-lesson.

    The same report again changes nothing. The micro-lesson is the one tied to the feature; without one there is
    nothing to schedule.

    Parameters
    ----------
    external_id
        The reporting product's own id of it, unique in the organization.

    Raises
    ------
    NotFoundError
        When the person does not belong to the organization, or the principal has no part in it.
    NotAuthorizedError
        When the principal may not report near-misses there.
    InvalidInputError
        When an id or action is empty, or it lies in the future or more than a year back.
    ConflictError
        When the external id stands for another near-miss.
    """
    require_visible(principal, organization_id, _no_member())
    principal.require(Permission.REPORT_NEAR_MISSES, organization_id)
    if not external_id.strip() or not action.strip():
        raise InvalidInputError("A near-miss names its action and the id it has in your product.")
    if not now - timedelta(days=366) < occurred_at <= now + CLOCK_TOLERANCE:
        raise InvalidInputError("A near-miss happened within the last year and not in the future.")
    repository = ReinforcementRepository(session)
    if not repository.is_member(person_id, organization_id, on=now):
        raise _no_member()
    repository.lock_person(person_id)
    near_miss_id = new_id()
    near_miss = repository.add_near_miss(
        near_miss_id=near_miss_id,
        organization_id=organization_id,
        person_id=person_id,
        near_miss_kind=near_miss_kind,
        action=action.strip(),
        external_id=external_id.strip(),
        occurred_at=occurred_at,
        now=now,
    )
    if near_miss.id != near_miss_id:
        said = (near_miss.person_id, near_miss.near_miss_kind, near_miss.action, near_miss.occurred_at)
        if said != (person_id, near_miss_kind, action.strip(), occurred_at):
            raise ConflictError(f"'{external_id}' stands for another near-miss. Give each its own id.")
        return NearMissReport(near_miss, is_new=False, reinforcement=None)
    event = NearMissRecorded(
        subject_id=person_id,
        organization_id=organization_id,
        occurred_at=occurred_at,
        near_miss_id=near_miss.id,
        near_miss_kind=near_miss_kind,
        action=near_miss.action,
    )
    append_events(session, [event], now=now)
    return NearMissReport(near_miss, is_new=True, reinforcement=_schedule(session, repository, near_miss, now=now))


def due_reinforcement(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None = None,
    action: str | None = None,
    locale: str | None = None,
    now: datetime,
) -> DueReinforcement | None:
    """The micro-lesson to put before the person at this entry, within her friction budget; None for none.

    One that was offered and not finished is offered again without costing anything more. In any seven days at most two
    are offered, of ten minutes together.

    Parameters
    ----------
    action
        The feature she enters, so that only what nearly went wrong there comes up; None at sign-in.

    Raises
    ------
    NotFoundError
        When the organization is none of the principal's.
    """
    if principal.is_system:
        return None
    require_visible(principal, organization_id, NotFoundError("You do not belong to this organization."))
    repository = ReinforcementRepository(session)
    if not repository.due(principal.person_id, organization_id=organization_id, action=action, now=now):
        return None
    repository.lock_person(principal.person_id)
    offers = [
        Offer(offered_at, minutes)
        for offered_at, minutes in repository.offers(principal.person_id, since=now - rules.BUDGET_PERIOD)
    ]
    content = ContentRepository(session)
    for row in repository.due(principal.person_id, organization_id=organization_id, action=action, now=now):
        version = content.published_version(row.lesson_id)
        if version is None:
            continue
        is_new_offer = row.offered_at is None or row.offered_at <= now - rules.BUDGET_PERIOD
        if is_new_offer:
            if not rules.fits_budget(offers, version.duration_minutes, now=now):
                continue
            row.offered_at = now
            row.updated_at = now
            session.flush()
        lesson = lesson_item(content.lesson(row.lesson_id), version, locale)
        return DueReinforcement(row.id, row.organization_id, row.action, row.due_at, lesson)
    return None


def finish_reinforcement(
    session: Session, principal: Principal, *, reinforcement_id: UUID, now: datetime
) -> Reinforcement:
    """Close one's own reinforcement: passed when the lesson was passed since it fell due, else put off for good.

    Passing the lesson closes it by itself; said again, it changes nothing.

    Raises
    ------
    NotFoundError
        When it is none of the principal's own.
    """
    repository = ReinforcementRepository(session)
    row = repository.reinforcement(reinforcement_id)
    if not principal.is_person(row.person_id):
        raise no_reinforcement()
    if row.finished_at is None:
        is_passed = repository.has_passed(row.person_id, row.lesson_id, since=row.due_at)
        _finish(session, repository, row, is_passed=is_passed, now=now)
    return row


def finish_passed(session: Session, *, person_id: UUID, lesson_id: UUID, now: datetime) -> None:
    """Passing a lesson, however one came to it, finishes its reinforcement and spaces the next one.

    One that the scheduler has put into the future stays there: passing early says little about remembering.
    """
    repository = ReinforcementRepository(session)
    for row in repository.open_for(person_id, lesson_id):
        if row.due_at <= now:
            _finish(session, repository, row, is_passed=True, now=now)


def _feature(session: Session, principal: Principal, action: str, organization_id: UUID | None) -> ProtectedFeature:
    if principal.is_system:
        raise NotAuthorizedError("Tips are read by people. Sign in as one.")
    require_visible(principal, organization_id, NotFoundError("You do not belong to this organization."))
    feature = ContentRepository(session).feature(action, organization_id)
    if feature is None:
        raise NotFoundError(f"There is no protected feature '{action}'. Look at the list of features.")
    return feature


def _schedule(
    session: Session, repository: ReinforcementRepository, near_miss: NearMiss, *, now: datetime
) -> Reinforcement | None:
    times = repository.near_miss_times(
        near_miss.person_id, near_miss.organization_id, near_miss.action, since=now - rules.REPEATED_WITHIN
    )
    if not rules.is_repeated(times, now=now + CLOCK_TOLERANCE):
        return None
    feature = ContentRepository(session).feature(near_miss.action, near_miss.organization_id)
    if feature is None or feature.lesson_id is None:
        return None
    if ContentRepository(session).published_version(feature.lesson_id) is None:
        return None
    known = repository.latest_state(near_miss.person_id, feature.lesson_id)
    is_repetition = known is not None and known.get("last_review") is not None
    state = rules.review(known, is_passed=False, now=now)[0] if known and is_repetition else known
    state = state or rules.first_state(near_miss.id, now=now)
    waiting = [
        row
        for row in repository.open_for(near_miss.person_id, feature.lesson_id)
        if row.organization_id == near_miss.organization_id
    ]
    if waiting:
        row = waiting[0]
        if row.due_at > now:
            # It was spaced into the future; the near-miss brings it to the next entry.
            row.due_at = now
            row.scheduler_state = state
            row.updated_at = now
            session.flush()
            _scheduled(session, row, now=now)
        return row
    return _add(session, near_miss, feature.lesson_id, state, due_at=now, now=now)


def _add(
    session: Session,
    source: NearMiss | Reinforcement,
    lesson_id: UUID,
    state: dict[str, object],
    *,
    due_at: datetime,
    now: datetime,
) -> Reinforcement:
    row = Reinforcement(
        organization_id=source.organization_id,
        person_id=source.person_id,
        action=source.action,
        lesson_id=lesson_id,
        due_at=due_at,
        scheduler_state=state,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    _scheduled(session, row, now=now)
    return row


def _scheduled(session: Session, row: Reinforcement, *, now: datetime) -> None:
    event = ReinforcementScheduled(
        subject_id=row.person_id,
        organization_id=row.organization_id,
        occurred_at=now,
        reinforcement_id=row.id,
        action=row.action,
        lesson_id=row.lesson_id,
        due_on=row.due_at.date(),
    )
    append_events(session, [event], now=now)


def _finish(
    session: Session, repository: ReinforcementRepository, row: Reinforcement, *, is_passed: bool, now: datetime
) -> None:
    row.finished_at = now
    row.is_passed = is_passed
    row.updated_at = now
    state, due_at = rules.review(row.scheduler_state, is_passed=is_passed, now=now)
    session.flush()
    event = ReinforcementFinished(
        subject_id=row.person_id,
        organization_id=row.organization_id,
        occurred_at=now,
        reinforcement_id=row.id,
        action=row.action,
        lesson_id=row.lesson_id,
        passed=is_passed,
    )
    append_events(session, [event], now=now)
    if is_passed and not rules.is_learned(due_at, now=now):
        _add(session, row, row.lesson_id, state, due_at=due_at, now=now)
    else:
        row.scheduler_state = state


def _no_member() -> NotFoundError:
    return NotFoundError("The person is no member of the organization today. Check the id.")
