"""Use cases of compliance: require, assign, assign what is missing, exempt, and say who stands where.

Every change appends its ledger events in the caller's transaction; nothing here commits. Source: training-platform seed
3.2.5.1. An organization's figures over time are the marts' business.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.compliance import rules
from operational_db.compliance.evaluation import RequiredTraining, required_trainings
from operational_db.compliance.facts import load_facts
from operational_db.compliance.listing import assignment_page, assignment_views
from operational_db.compliance.repository import ComplianceRepository
from operational_db.compliance.views import (
    AssignedMissing,
    AssignmentFilters,
    AssignmentView,
    ExemptionOrder,
    ExemptionView,
    MissingPerson,
    RequirementView,
)
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    AssignmentCancelled,
    ExemptionEnded,
    ExemptionGranted,
    RequirementEnded,
    RequirementSet,
    TrainingAssigned,
)
from operational_db.paging import Page, PageRequest
from operational_db.tables.catalog import Course
from operational_db.tables.compliance import (
    AssignmentRecipient,
    Exemption,
    TrainingAssignment,
    TrainingRequirement,
)
from operational_db.tables.identity import Membership
from operational_db.types import CourseStatus, Role, TrainingStatus, new_id

_MET = frozenset({TrainingStatus.COMPLETED, TrainingStatus.EXEMPTED})
# Roles that may assign see what they assigned, also where compliance as a whole is not theirs to view.
_VIEWING = (Permission.VIEW_COMPLIANCE, Permission.ASSIGN_TRAINING)


def set_requirement(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    course_id: UUID | None = None,
    certification_id: UUID | None = None,
    category: rules.ComplianceCategory | None = None,
    role: Role | None = None,
    team_id: UUID | None = None,
    due_within_days: int = 30,
    effective_from: date | None = None,
    now: datetime,
) -> TrainingRequirement:
    """Require a course or a certification of every member in scope; scope is role and team, None meaning any.

    Parameters
    ----------
    category
        What it is reported under; None takes it from the course or certification.
    due_within_days
        Days a member has, counted from the later of joining and `effective_from`.
    effective_from
        First day it holds; None is today.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    ConflictError
        When the organization already requires the same of the same scope.
    """
    principal.require(Permission.SET_REQUIREMENTS, organization_id)
    if (course_id is None) == (certification_id is None):
        raise InvalidInputError("A requirement names either a course or a certification. Choose one of the two.")
    if due_within_days < 0:
        raise InvalidInputError("The days to meet a requirement are a number from 0.")
    repository = ComplianceRepository(session)
    repository.lock_organization(organization_id)
    if team_id is not None:
        repository.require_team(organization_id, team_id)
    own_category = _category_of_subject(repository, organization_id, course_id, certification_id)
    requirement = TrainingRequirement(
        id=new_id(),
        organization_id=organization_id,
        course_id=course_id,
        certification_id=certification_id,
        category=(category or own_category).value,
        role=role,
        team_id=team_id,
        due_within_days=due_within_days,
        effective_from=effective_from or now.date(),
        created_by=principal.actor_id,
        created_at=now,
        updated_at=now,
    )
    former = repository.same_requirement(requirement)
    if former is not None:
        raise ConflictError(
            "Your organization already requires this of the same people. End that requirement first to change it.",
            details={"requirement_id": str(former.id)},
        )
    session.add(requirement)
    session.flush()
    event = RequirementSet(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=now,
        requirement_id=requirement.id,
        course_id=course_id,
        certification_id=certification_id,
        category=requirement.category,
        role=role,
        team_id=team_id,
        due_within_days=due_within_days,
        effective_from=requirement.effective_from,
    )
    append_events(session, [event], now=now)
    return requirement


def end_requirement(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    requirement_id: UUID,
    ended_on: date | None = None,
    now: datetime,
) -> TrainingRequirement:
    """Stop requiring something; `ended_on` is the first day it no longer holds, today unless given.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
    ConflictError
        When it has an end already.
    """
    principal.require(Permission.SET_REQUIREMENTS, organization_id)
    requirement = _own_requirement(ComplianceRepository(session), organization_id, requirement_id, lock=True)
    if requirement.ended_on is not None:
        raise ConflictError(f"This requirement already ends on {requirement.ended_on:%d %b %Y}.")
    last = ended_on or max(now.date(), requirement.effective_from)
    if last < max(now.date(), requirement.effective_from):
        raise InvalidInputError(
            "A requirement ends today or later, and not before it starts. What held in the past stays on record."
        )
    requirement.ended_on = last
    session.flush()
    event = RequirementEnded(
        subject_id=None,
        organization_id=requirement.organization_id,
        occurred_at=now,
        requirement_id=requirement.id,
        ended_on=last,
    )
    append_events(session, [event], now=now)
    return requirement


def list_requirements(
    session: Session, principal: Principal, organization_id: UUID, *, on: date | None = None
) -> list[RequirementView]:
    """The organization's requirements by subject: those in force on the day, or all that ever were (None)."""
    _require_view(principal, organization_id)
    return ComplianceRepository(session).requirements(organization_id, on=on)


def assign_training(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    course_id: UUID,
    person_id: UUID | None = None,
    role: Role | None = None,
    team_id: UUID | None = None,
    due_on: date | None = None,
    is_mandatory: bool = True,
    minimum_score: Decimal | None = None,
    now: datetime,
) -> TrainingAssignment:
    """Assign a course to exactly one of a person, a role or a team (US-TC016).

    A role or team reaches its members of today, and everybody who joins it later (`add_recipients_for_membership`).

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    ConflictError
        When the course is not published, or the person has it to do already.
    """
    principal.require(Permission.ASSIGN_TRAINING, organization_id)
    if sum(target is not None for target in (person_id, role, team_id)) != 1:
        raise InvalidInputError("Assign to one person, one role or one team; name exactly one of them.")
    _require_due_ahead(due_on, now)
    if minimum_score is not None and not 0 <= minimum_score <= 100:
        raise InvalidInputError("The minimum score is a percentage from 0 to 100.")
    repository = ComplianceRepository(session)
    repository.lock_organization(organization_id)
    course = _published_course(repository, organization_id, course_id)
    if team_id is not None:
        repository.require_team(organization_id, team_id)
    person_ids = repository.member_ids(
        organization_id,
        on=now.date(),
        person_ids=None if person_id is None else [person_id],
        role=role,
        team_id=team_id,
    )
    if person_id is not None:
        if not person_ids:
            raise _no_member()
        if repository.people_with_open_assignment(organization_id, course_id, person_ids):
            raise ConflictError(
                f"{course.title} is already assigned to this person and not completed. Cancel that assignment first."
            )
    assignment = _new_assignment(
        principal,
        organization_id=organization_id,
        course_id=course_id,
        person_id=person_id,
        role=role,
        team_id=team_id,
        due_on=due_on,
        is_mandatory=is_mandatory,
        minimum_score=minimum_score,
        now=now,
    )
    category = rules.category_of_course(course.category)
    session.add(assignment)
    _reach(session, [(assignment, each, due_on) for each in person_ids], category=category, now=now)
    return assignment


def count_recipients(session: Session, assignment: TrainingAssignment) -> int:
    """How many people an assignment has reached and not lost again; the caller made or may see the assignment."""
    return ComplianceRepository(session).count_recipients(assignment.id)


def assign_missing(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    requirement_id: UUID,
    person_ids: Collection[UUID] | None = None,
    due_on: date | None = None,
    now: datetime,
) -> AssignedMissing:
    """Assign the course that meets a requirement to those who lack it; asking twice changes nothing the second time.

    For a certification it is the published course leading to it. Who has the course to do already, or is no longer
    missing, is left out and named in the answer.

    Parameters
    ----------
    person_ids
        Whom to assign to; None is everybody who lacks it.
    due_on
        Last day to complete it; None is today plus the requirement's own days.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When the requirement is not this organization's, or one of the people is no member.
    ConflictError
        When the requirement is not in force, or no published course leads to what it asks for.
    """
    principal.require(Permission.ASSIGN_TRAINING, organization_id)
    _require_due_ahead(due_on, now)
    today = now.date()
    repository = ComplianceRepository(session)
    repository.lock_organization(organization_id)
    requirement = _own_requirement(repository, organization_id, requirement_id)
    if requirement.effective_from > today or (requirement.ended_on is not None and requirement.ended_on <= today):
        raise ConflictError("This requirement is not in force today, so nobody lacks it.")
    course = _course_meeting(repository, requirement, now=now)
    if person_ids is not None:
        members = set(repository.member_ids(organization_id, on=today, person_ids=set(person_ids)))
        if not members.issuperset(person_ids):
            raise _no_member()
    missing = [row.person_id for row in _standing(session, requirement, on=today) if row.status not in _MET]
    wanted = missing if person_ids is None else [person for person in missing if person in set(person_ids)]
    assigned = repository.people_with_open_assignment(organization_id, course.id, wanted)
    last_day = due_on or today + timedelta(days=requirement.due_within_days)
    reached = [
        (
            _new_assignment(
                principal,
                organization_id=organization_id,
                course_id=course.id,
                person_id=person_id,
                requirement_id=requirement.id,
                due_on=last_day,
                now=now,
            ),
            person_id,
            last_day,
        )
        for person_id in sorted(set(wanted) - assigned)
    ]
    recipients = _reach(session, reached, category=requirement.category, now=now)
    return AssignedMissing(
        requirement_id=requirement.id,
        course_id=course.id,
        course_title=course.title,
        due_on=last_day,
        recipients=recipients,
        already_assigned_ids=sorted(assigned),
        not_missing_ids=sorted(set(person_ids or ()) - set(wanted)),
    )


def cancel_assignment(
    session: Session, principal: Principal, *, assignment_id: UUID, now: datetime
) -> TrainingAssignment:
    """Take an assignment back from everybody who has not completed it, and reach nobody with it any more.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it was cancelled before.
    """
    repository = ComplianceRepository(session)
    missing = NotFoundError("There is no assignment with this id that you may see. Check the id.")
    found = repository.assignment(assignment_id)
    if found is None:
        raise missing
    _require_or_hide(principal, Permission.ASSIGN_TRAINING, found.organization_id, missing)
    repository.lock_organization(found.organization_id)
    assignment = repository.assignment(assignment_id, lock=True)
    if assignment is None:
        raise missing
    if assignment.cancelled_at is not None:
        raise ConflictError("This assignment was already cancelled.")
    assignment.cancelled_at = now
    _cancel(session, assignment, repository.open_recipients_of(assignment_id), now=now)
    return assignment


def add_recipients_for_membership(
    session: Session, membership: Membership, *, now: datetime
) -> list[AssignmentRecipient]:
    """Reach somebody who joins: standing assignments of her role and team, and what every newcomer is assigned.

    Called when a membership starts. A newcomer gets as many days as the first recipients had, counted from joining.
    """
    repository = ComplianceRepository(session)
    repository.lock_organization(membership.organization_id)
    joined_on = max(membership.started_on, now.date())
    recipients: list[AssignmentRecipient] = []
    for assignment in repository.standing_assignments(membership):
        course = repository.usable_course(membership.organization_id, assignment.course_id)
        due_on = rules.joiner_due_on(
            assigned_on=assignment.assigned_at.date(), due_on=assignment.due_on, joined_on=joined_on
        )
        category = rules.category_of_course(course.category)
        recipients += _reach(session, [(assignment, membership.person_id, due_on)], category=category, now=now)
    for auto, course in repository.auto_assignments(membership):
        if repository.is_assigned(membership.organization_id, course.id, membership.person_id):
            continue
        due_on = joined_on + timedelta(days=auto.due_within_days)
        assignment = TrainingAssignment(
            id=new_id(),
            organization_id=membership.organization_id,
            course_id=course.id,
            person_id=membership.person_id,
            due_on=due_on,
            is_mandatory=auto.is_mandatory,
            assigned_at=now,
        )
        category = rules.category_of_course(course.category)
        recipients += _reach(session, [(assignment, membership.person_id, due_on)], category=category, now=now)
    return recipients


def mark_recipients_completed(
    session: Session,
    *,
    person_id: UUID,
    course_id: UUID,
    completed_at: datetime,
    final_score: Decimal | None,
) -> list[AssignmentRecipient]:
    """Note on the person's open assignments of a course that she completed it; called when an enrollment is completed.

    An assignment with a minimum score stays open when the score (percent) is lower or absent. It needs no event of its
    own: the completion is one.
    """
    completed = []
    for recipient, assignment in ComplianceRepository(session).recipients_to_complete(person_id, course_id):
        is_reached = assignment.minimum_score is None or (
            final_score is not None and final_score >= assignment.minimum_score
        )
        if is_reached and recipient.assigned_at <= completed_at:
            recipient.completed_at = completed_at
            completed.append(recipient)
    session.flush()
    return completed


def exempt(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    person_id: UUID,
    requirement_id: UUID | None = None,
    recipient_id: UUID | None = None,
    reason: str,
    ends_on: date,
    starts_on: date | None = None,
    now: datetime,
) -> Exemption:
    """Excuse a member from one requirement or one assignment, from `starts_on` (None: today) through `ends_on`.

    The reason stays in the table and out of the ledger. Nobody exempts herself, and an exemption names its approver, so
    the system cannot grant one.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    ConflictError
        When the person is already exempted on one of these days.
    """
    principal.require(Permission.EXEMPT_TRAINING, organization_id)
    if principal.actor_id is None:
        raise NotAuthorizedError("An exemption needs a person who approves it. Sign in as a manager to grant one.")
    if principal.is_person(person_id):
        raise NotAuthorizedError("Nobody exempts herself. Ask another manager of the organization to approve it.")
    if not reason.strip():
        raise InvalidInputError("Say why the person is exempted; an auditor will ask.")
    first_day = starts_on or now.date()
    if ends_on < max(first_day, now.date()):
        raise InvalidInputError("An exemption ends today or later, and not before it starts. Check both dates.")
    repository = ComplianceRepository(session)
    repository.lock_organization(organization_id)
    if not repository.member_ids(organization_id, on=now.date(), person_ids=[person_id]):
        raise _no_member()
    _require_exemptible(repository, organization_id, person_id, requirement_id, recipient_id)
    exemption = Exemption(
        id=new_id(),
        organization_id=organization_id,
        person_id=person_id,
        requirement_id=requirement_id,
        recipient_id=recipient_id,
        reason=reason.strip(),
        approver_id=principal.actor_id,
        starts_on=first_day,
        ends_on=ends_on,
        created_at=now,
        updated_at=now,
    )
    other = repository.overlapping_exemption(exemption)
    if other is not None:
        raise ConflictError(
            f"The person is already exempted from this through {other.ends_on:%d %b %Y}. End that exemption first.",
            details={"exemption_id": str(other.id)},
        )
    session.add(exemption)
    session.flush()
    event = ExemptionGranted(
        subject_id=person_id,
        organization_id=organization_id,
        occurred_at=now,
        exemption_id=exemption.id,
        requirement_id=requirement_id,
        recipient_id=recipient_id,
        approver_id=exemption.approver_id,
        starts_on=first_day,
        ends_on=ends_on,
    )
    append_events(session, [event], now=now)
    return exemption


def end_exemption(session: Session, principal: Principal, *, exemption_id: UUID, now: datetime) -> Exemption:
    """Take an exemption back before its time; from today it no longer holds.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    ConflictError
        When it is over already.
    """
    repository = ComplianceRepository(session)
    missing = NotFoundError("There is no exemption with this id that you may see. Check the id.")
    exemption = repository.exemption(exemption_id, lock=True)
    if exemption is None:
        raise missing
    _require_or_hide(principal, Permission.EXEMPT_TRAINING, exemption.organization_id, missing)
    if exemption.ended_at is not None or exemption.ends_on < now.date():
        raise ConflictError("This exemption is over already.")
    exemption.ended_at = now
    session.flush()
    event = ExemptionEnded(
        subject_id=exemption.person_id,
        organization_id=exemption.organization_id,
        occurred_at=now,
        exemption_id=exemption.id,
        ended_on=now.date(),
    )
    append_events(session, [event], now=now)
    return exemption


def list_exemptions(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    page: PageRequest,
    *,
    on: date | None = None,
    order: ExemptionOrder = ExemptionOrder.ENDS_FIRST,
) -> Page[ExemptionView]:
    """Who is excused from what and why: in force on the day, or all (None)."""
    _require_view(principal, organization_id)
    return ComplianceRepository(session).exemptions(organization_id, page, on=on, order=order)


def list_assignments(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    filters: AssignmentFilters,
    page: PageRequest,
    *,
    on: date,
) -> Page[AssignmentView]:
    """The organization's assignments, one entry a recipient, latest first, each with its status on the day."""
    _require_view(principal, organization_id)
    return assignment_page(session, organization_id, filters, page, on=on)


def my_assignments(session: Session, principal: Principal, *, on: date) -> list[AssignmentView]:
    """What the principal has been assigned by any organization she belongs to, what is due first coming first."""
    if principal.is_system:
        return []
    mine = AssignmentFilters(person_id=principal.person_id)
    views = [
        view
        for organization_id in sorted(principal.organization_ids)
        for view in assignment_views(session, organization_id, mine, on=on)
    ]
    return sorted(views, key=lambda view: (view.status in _MET, view.due_on or date.max, view.course_title))


def missing_people(
    session: Session, principal: Principal, organization_id: UUID, requirement_id: UUID, on: date
) -> list[MissingPerson]:
    """Who lacks a requirement on the day (neither met nor exempted), overdue first, and who is already on the way.

    Raises
    ------
    NotAuthorizedError, NotFoundError
    """
    _require_view(principal, organization_id)
    repository = ComplianceRepository(session)
    requirement = _own_requirement(repository, organization_id, requirement_id)
    missing = [row for row in _standing(session, requirement, on=on) if row.status not in _MET]
    person_ids = [row.person_id for row in missing]
    names = repository.display_names(person_ids)
    assigned: frozenset[UUID] = frozenset()
    for course_id in repository.courses_meeting(requirement):
        assigned |= repository.people_with_open_assignment(organization_id, course_id, person_ids)
    people = [
        MissingPerson(
            person_id=row.person_id,
            display_name=names[row.person_id],
            team_id=row.team_id,
            status=row.status,
            due_on=row.due_on,
            has_open_assignment=row.person_id in assigned,
        )
        for row in missing
    ]
    return sorted(people, key=lambda person: (person.due_on or date.max, person.display_name, person.person_id))


def required_trainings_of(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    on: date,
    person_ids: Collection[UUID] | None = None,
) -> list[RequiredTraining]:
    """Every required training of the organization's people on the day, computed live; the marts agree with it.

    Needs VIEW_COMPLIANCE; anybody may ask for her own alone.
    """
    if person_ids is None or set(person_ids) != {principal.person_id}:
        principal.require(Permission.VIEW_COMPLIANCE, organization_id)
    return required_trainings(load_facts(session, organization_id, person_ids=person_ids), on=on)


def _standing(session: Session, requirement: TrainingRequirement, *, on: date) -> list[RequiredTraining]:
    facts = load_facts(session, requirement.organization_id, requirement_id=requirement.id)
    return required_trainings(facts, on=on)


def _new_assignment(
    principal: Principal,
    *,
    organization_id: UUID,
    course_id: UUID,
    now: datetime,
    person_id: UUID | None = None,
    role: Role | None = None,
    team_id: UUID | None = None,
    requirement_id: UUID | None = None,
    due_on: date | None = None,
    is_mandatory: bool = True,
    minimum_score: Decimal | None = None,
) -> TrainingAssignment:
    return TrainingAssignment(
        id=new_id(),
        organization_id=organization_id,
        course_id=course_id,
        requirement_id=requirement_id,
        person_id=person_id,
        role=role,
        team_id=team_id,
        due_on=due_on,
        is_mandatory=is_mandatory,
        minimum_score=minimum_score,
        assigned_by=principal.actor_id,
        assigned_at=now,
        created_at=now,
        updated_at=now,
    )


def _reach(
    session: Session,
    reached: Sequence[tuple[TrainingAssignment, UUID, date | None]],
    *,
    category: str,
    now: datetime,
) -> list[AssignmentRecipient]:
    """Add a recipient for each assignment, person and due date, and one event for each; all written together."""
    session.add_all({assignment.id: assignment for assignment, _, _ in reached}.values())
    session.flush()
    recipients = [
        AssignmentRecipient(
            id=new_id(),
            assignment_id=assignment.id,
            person_id=person_id,
            assigned_at=now,
            due_on=due_on,
            created_at=now,
            updated_at=now,
        )
        for assignment, person_id, due_on in reached
    ]
    session.add_all(recipients)
    session.flush()
    events = [
        TrainingAssigned(
            subject_id=recipient.person_id,
            organization_id=assignment.organization_id,
            occurred_at=now,
            assignment_id=assignment.id,
            recipient_id=recipient.id,
            course_id=assignment.course_id,
            requirement_id=assignment.requirement_id,
            category=str(category),
            due_on=recipient.due_on,
            is_mandatory=assignment.is_mandatory,
            minimum_score=assignment.minimum_score,
        )
        for recipient, (assignment, _, _) in zip(recipients, reached, strict=True)
    ]
    append_events(session, events, now=now)
    return recipients


def _cancel(
    session: Session, assignment: TrainingAssignment, recipients: Sequence[AssignmentRecipient], *, now: datetime
) -> None:
    for recipient in recipients:
        recipient.cancelled_at = now
    session.flush()
    events = [
        AssignmentCancelled(
            subject_id=recipient.person_id,
            organization_id=assignment.organization_id,
            occurred_at=now,
            assignment_id=assignment.id,
            recipient_id=recipient.id,
        )
        for recipient in recipients
    ]
    append_events(session, events, now=now)


def _category_of_subject(
    repository: ComplianceRepository, organization_id: UUID, course_id: UUID | None, certification_id: UUID | None
) -> rules.ComplianceCategory:
    if course_id is not None:
        return rules.category_of_course(_published_course(repository, organization_id, course_id).category)
    if certification_id is None:
        raise InvalidInputError("A requirement names either a course or a certification. Choose one of the two.")
    return rules.category_of_certification(repository.certification(certification_id).category)


def _published_course(repository: ComplianceRepository, organization_id: UUID, course_id: UUID) -> Course:
    course = repository.usable_course(organization_id, course_id)
    if course.status is not CourseStatus.PUBLISHED:
        raise ConflictError(f"{course.title} is not published ({course.status}). Publish it or choose another course.")
    return course


def _course_meeting(repository: ComplianceRepository, requirement: TrainingRequirement, *, now: datetime) -> Course:
    if requirement.course_id is not None:
        return _published_course(repository, requirement.organization_id, requirement.course_id)
    if requirement.certification_id is None:
        raise _no_requirement()
    course = repository.course_leading_to(requirement.organization_id, requirement.certification_id, now=now)
    if course is None:
        name = repository.certification(requirement.certification_id).name
        raise ConflictError(
            f"No published course leads to {name}, so there is nothing to assign. "
            "Publish a course that does, or have the people's certificates recorded and verified.",
            details={"certification_id": str(requirement.certification_id)},
        )
    return course


def _own_requirement(
    repository: ComplianceRepository, organization_id: UUID, requirement_id: UUID, *, lock: bool = False
) -> TrainingRequirement:
    requirement = repository.requirement(requirement_id, lock=lock)
    if requirement is None or requirement.organization_id != organization_id:
        raise _no_requirement()
    return requirement


def _require_exemptible(
    repository: ComplianceRepository,
    organization_id: UUID,
    person_id: UUID,
    requirement_id: UUID | None,
    recipient_id: UUID | None,
) -> None:
    if (requirement_id is None) == (recipient_id is None):
        raise InvalidInputError("Exempt from either a requirement or an assignment. Choose one of the two.")
    if requirement_id is not None:
        _own_requirement(repository, organization_id, requirement_id)
    if recipient_id is not None:
        recipient = repository.recipient_in(organization_id, recipient_id)
        if recipient is None or recipient.person_id != person_id:
            raise NotFoundError("The person has no assignment with this id in your organization. Check the id.")


def _require_due_ahead(due_on: date | None, now: datetime) -> None:
    if due_on is not None and due_on < now.date():
        raise InvalidInputError("The due date lies in the past. Choose today or a later day.")


def _require_view(principal: Principal, organization_id: UUID) -> None:
    if not any(principal.can(permission, organization_id) for permission in _VIEWING):
        principal.require(Permission.VIEW_COMPLIANCE, organization_id)


def _require_or_hide(
    principal: Principal, permission: Permission, organization_id: UUID, missing: NotFoundError
) -> None:
    """Refuse with a reason where the principal may see the record, and as if it did not exist elsewhere."""
    if any(principal.can(viewing, organization_id) for viewing in _VIEWING):
        principal.require(permission, organization_id)
    elif not principal.can(permission, organization_id):
        raise missing


def _no_requirement() -> NotFoundError:
    return NotFoundError("Your organization has no requirement with this id. Choose one of its requirements.")


def _no_member() -> NotFoundError:
    return NotFoundError("Not everybody named is a member of the organization today. Choose among its members.")
