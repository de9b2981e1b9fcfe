"""Exceptions: who has access to an action and lacks the training its gate asks for, and why; assigning what is missing.

Source: embedded-training seed, governance and reporting. Nothing is recorded by looking; decisions are `service`'s.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.compliance import service as compliance
from operational_db.compliance.repository import ComplianceRepository
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.gates.access_repository import AccessRepository
from operational_db.gates.access_views import (
    AccessException,
    AssignedLesson,
    AssignedMissingLessons,
    ExceptionReason,
)
from operational_db.gates.history import FactHistory, load_history
from operational_db.gates.repository import GateRepository, to_terms
from operational_db.gates.rules import GateDecision, GateFacts, GateReason, GateTerms, Requirement, decide
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import LessonAssigned
from operational_db.proficiency.rules import SUPERSEDED_REASON, is_at_least, utc_day
from operational_db.proficiency.training import TrainingGap, training_for_gaps
from operational_db.proficiency.views import LessonStep
from operational_db.tables.gates import LessonAssignment
from operational_db.types import GateOutcome, new_id

DUE_WITHIN_DAYS = 14

_LAPSED = frozenset({GateReason.OUTSIDE_WINDOW, GateReason.CERTIFICATION_EXPIRED, GateReason.REVOKED})


def exceptions_of(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    action: str | None = None,
    person_id: UUID | None = None,
    now: datetime,
) -> list[AccessException]:
    """Everybody who has access and whom the gate would not let pass on her training alone, by action and name.

    Where no rule covers an action nothing is asked of anybody, and there is no exception. A rule in dry run counts as
    if it were enforced: the list says who would be stopped.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_GATES, organization_id)
    repository = AccessRepository(session)
    access = [
        each
        for each in repository.people_with_access(organization_id)
        if action in (None, each[1]) and person_id in (None, each[0])
    ]
    rules = _rules_in_effect(session, organization_id, {each[1] for each in access}, now)
    people = {each[0] for each in access}
    history = load_history(session, organization_id, people, rules.values())
    superseded = repository.evidence_revoked_for(people, SUPERSEDED_REASON)
    names = repository.display_names(people)
    assigned = repository.open_lesson_assignments(organization_id, people)
    found: list[AccessException] = []
    gaps: list[TrainingGap] = []
    for person, name, granted_on in access:
        terms = rules.get(name)
        if terms is None:
            continue
        facts = history.facts(terms, person, at=now)
        decision = decide(terms, facts, now)
        if decision.reason is GateReason.REQUIREMENTS_MET:
            continue
        reason, since = _why(decision, facts, terms, history, superseded, granted_on, now)
        # No lesson helps who left: her decision names no requirement.
        gaps.append(TrainingGap.of_decision(decision))
        found.append(
            AccessException(
                person_id=person,
                display_name=names[person],
                team_id=history.team_on(person, now.date()),
                action=name,
                reason=reason,
                since=since,
                missing=decision.missing,
                waived_until=decision.valid_until if reason is ExceptionReason.WAIVED else None,
                next_lessons=(),
                is_assigned=False,
            )
        )
    trainings = training_for_gaps(session, gaps, now=now)
    found = [_with_lessons(each, training.lessons, assigned) for each, training in zip(found, trainings, strict=True)]
    return sorted(found, key=lambda each: (each.action, each.display_name, each.person_id))


def _with_lessons(
    found: AccessException, lessons: tuple[LessonStep, ...], assigned: Collection[tuple[UUID, UUID]]
) -> AccessException:
    is_assigned = bool(lessons) and all((found.person_id, step.lesson_id) in assigned for step in lessons)
    return replace(found, next_lessons=lessons, is_assigned=is_assigned)


def assign_missing(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    action: str | None = None,
    person_ids: Collection[UUID] | None = None,
    due_on: date | None = None,
    now: datetime,
) -> AssignedMissingLessons:
    """Assign every exception's next lessons, in one call; calling again assigns nothing twice.

    Lessons of the type course are assigned as training, everything else as a lesson. Who is waived is trained too: the
    waiver ends. Who left gets nothing.

    Parameters
    ----------
    action, person_ids
        Only exceptions of this action, or of these people; None is all.
    due_on
        Last day; None is 14 days from today.

    Raises
    ------
    NotAuthorizedError
    InvalidInputError
        When the day is past.
    """
    principal.require(Permission.ASSIGN_TRAINING, organization_id)
    last_day = due_on or now.date() + timedelta(days=DUE_WITHIN_DAYS)
    if last_day < now.date():
        raise InvalidInputError("The due day is past. Give today or a later day.")
    repository = AccessRepository(session)
    repository.lock_organization(organization_id)
    wanted = [
        each
        for each in exceptions_of(session, principal, organization_id, action=action, now=now)
        if person_ids is None or each.person_id in set(person_ids)
    ]
    open_assignments = repository.open_lesson_assignments(organization_id, {each.person_id for each in wanted})
    lesson_ids = {step.lesson_id for each in wanted for step in each.next_lessons}
    courses = repository.course_ids_of_lessons(lesson_ids)
    assigned: list[AssignedLesson] = []
    already: set[UUID] = set()
    helpless = {each.person_id for each in wanted if not each.next_lessons}
    events = []
    for each in wanted:
        for step in each.next_lessons:
            lesson = AssignedLesson(each.person_id, step.lesson_id, last_day)
            course_id = courses.get(step.lesson_id)
            if (each.person_id, step.lesson_id) in open_assignments or (
                course_id is not None and _has_to_do(session, organization_id, each.person_id, course_id)
            ):
                already.add(each.person_id)
            elif course_id is None:
                made = _new_assignment(principal, organization_id, each.action, lesson, now)
                session.add(made)
                events.append(_to_event(made))
                assigned.append(lesson)
            elif _assign_course(session, principal, organization_id, lesson, course_id, now):
                assigned.append(lesson)
            else:
                helpless.add(each.person_id)
            open_assignments.add((each.person_id, step.lesson_id))
    session.flush()
    append_events(session, events, now=now)
    return AssignedMissingLessons(
        assigned=tuple(assigned),
        already_assigned_ids=tuple(sorted(already - {each.person_id for each in assigned})),
        without_lesson_ids=tuple(sorted(helpless)),
    )


def _rules_in_effect(
    session: Session, organization_id: UUID, actions: Iterable[str], now: datetime
) -> dict[str, GateTerms]:
    repository = GateRepository(session)
    found = {action: repository.rule_in_effect(organization_id, action, on=now.date()) for action in actions}
    return {action: to_terms(rule) for action, rule in found.items() if rule is not None}


def _why(
    decision: GateDecision,
    facts: GateFacts,
    terms: GateTerms,
    history: FactHistory,
    superseded: Collection[UUID],
    granted_on: date,
    now: datetime,
) -> tuple[ExceptionReason, date]:
    if decision.reason is GateReason.NOT_A_MEMBER:
        ends = [stay.ended_on for stay in history.stays.get(decision.person_id, ()) if stay.ended_on is not None]
        return ExceptionReason.NO_LONGER_MEMBER, max([granted_on, *(end for end in ends if end <= now.date())])
    failed = [result for result in decision.requirements if not result.is_met]
    days = [
        _first_day_without(requirement, facts, granted_on)
        for requirement in terms.requirements
        if requirement.key in decision.missing
    ]
    since = max(granted_on, min(days))
    if decision.outcome is GateOutcome.ALLOW:
        return ExceptionReason.WAIVED, since
    if any(result.evidence_id in superseded and result.reason is GateReason.REVOKED for result in failed):
        return ExceptionReason.SUPERSEDED_VERSION, since
    if any(result.reason in _LAPSED for result in failed):
        return ExceptionReason.LAPSED, since
    return ExceptionReason.NEVER_TRAINED, since


def _first_day_without(requirement: Requirement, facts: GateFacts, granted_on: date) -> date:
    """The day after the last one on which evidence met the requirement; the day of the access when none ever did."""
    expiries = {each.achieved_at: each.expires_on for each in facts.evidence if each.expires_on is not None}
    lasts = []
    for each in facts.evidence:
        if each.target != requirement.key or not is_at_least(each.level, requirement.level):
            continue
        ends = [expiries.get(each.achieved_at), requirement.last_day(utc_day(each.achieved_at))]
        if each.revoked_from is not None:
            ends.append(each.revoked_from - timedelta(days=1))
        lasts.append(min((end for end in ends if end is not None), default=granted_on))
    return max(lasts) + timedelta(days=1) if lasts else granted_on


def _has_to_do(session: Session, organization_id: UUID, person_id: UUID, course_id: UUID) -> bool:
    open_for = ComplianceRepository(session).people_with_open_assignment(organization_id, course_id, [person_id])
    return bool(open_for)


def _assign_course(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    lesson: AssignedLesson,
    course_id: UUID,
    now: datetime,
) -> bool:
    """Assign a catalogue course as training; false when it cannot be taken, such as one that is not published."""
    try:
        compliance.assign_training(
            session,
            principal,
            organization_id=organization_id,
            course_id=course_id,
            person_id=lesson.person_id,
            due_on=lesson.due_on,
            now=now,
        )
    except (ConflictError, NotFoundError):
        return False
    return True


def _new_assignment(
    principal: Principal, organization_id: UUID, action: str, assigned: AssignedLesson, now: datetime
) -> LessonAssignment:
    return LessonAssignment(
        id=new_id(),
        organization_id=organization_id,
        person_id=assigned.person_id,
        lesson_id=assigned.lesson_id,
        action=action,
        due_on=assigned.due_on,
        assigned_by=principal.actor_id,
        assigned_at=now,
    )


def _to_event(assignment: LessonAssignment) -> LessonAssigned:
    return LessonAssigned(
        subject_id=assignment.person_id,
        organization_id=assignment.organization_id,
        occurred_at=assignment.assigned_at,
        assignment_id=assignment.id,
        lesson_id=assignment.lesson_id,
        action=assignment.action,
        due_on=assignment.due_on,
    )
