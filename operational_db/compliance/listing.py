"""Lists assignments with the status derived on a day, evaluating no more of them than the answer needs."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.compliance.evaluation import Fulfilment, RecipientFacts, recipient_status
from operational_db.compliance.facts import load_facts_about, load_recipients
from operational_db.compliance.repository import ComplianceRepository
from operational_db.compliance.views import AssignmentFilters, AssignmentView
from operational_db.paging import Page, PageRequest
from operational_db.tables.compliance import TrainingAssignment
from operational_db.types import TrainingStatus


def assignment_views(
    session: Session, organization_id: UUID, filters: AssignmentFilters, *, on: date
) -> list[AssignmentView]:
    """The organization's assignments that pass the filters, latest assigned first."""
    return _to_views(session, organization_id, _wanted(session, organization_id, filters, on), filters.status, on)


def assignment_page(
    session: Session, organization_id: UUID, filters: AssignmentFilters, page: PageRequest, *, on: date
) -> Page[AssignmentView]:
    """One page of them. A filter by status needs the status of all; without it only the page is evaluated."""
    wanted = _wanted(session, organization_id, filters, on)
    end = page.offset + page.size
    if filters.status is None:
        views = _to_views(session, organization_id, wanted[page.offset : end], None, on)
        return Page(views, len(wanted), page.number, page.size)
    views = _to_views(session, organization_id, wanted, filters.status, on)
    return Page(views[page.offset : end], len(views), page.number, page.size)


def _wanted(session: Session, organization_id: UUID, filters: AssignmentFilters, on: date) -> list[RecipientFacts]:
    people = None if filters.person_id is None else [filters.person_id]
    if filters.team_id is not None:
        repository = ComplianceRepository(session)
        people = repository.member_ids(organization_id, on=on, team_id=filters.team_id, person_ids=people)
    recipients = load_recipients(session, organization_id, person_ids=people)
    return [recipient for recipient in recipients if _is_wanted(recipient, filters, on)]


def _to_views(
    session: Session,
    organization_id: UUID,
    recipients: Sequence[RecipientFacts],
    wanted_status: TrainingStatus | None,
    on: date,
) -> list[AssignmentView]:
    repository = ComplianceRepository(session)
    facts = load_facts_about(session, organization_id, recipients)
    requirements = {requirement.requirement_id: requirement for requirement in facts.requirements}
    statuses = []
    for recipient in recipients:
        requirement = None if recipient.requirement_id is None else requirements[recipient.requirement_id]
        status, fulfilment = recipient_status(facts, recipient, requirement, on=on)
        if wanted_status in {None, status}:
            statuses.append((recipient, status, fulfilment))
    names = repository.display_names({recipient.person_id for recipient, _, _ in statuses})
    assignments = repository.assignments_with_title({recipient.assignment_id for recipient, _, _ in statuses})
    reminders = repository.reminders_sent(
        {recipient.recipient_id: recipient.due_on for recipient, _, _ in statuses if recipient.due_on is not None}
    )
    return [
        _to_view(
            recipient,
            status,
            fulfilment,
            names[recipient.person_id],
            *assignments[recipient.assignment_id],
            reminders.get(recipient.recipient_id, frozenset()),
            on,
        )
        for recipient, status, fulfilment in statuses
    ]


def _to_view(
    recipient: RecipientFacts,
    status: TrainingStatus,
    fulfilment: Fulfilment | None,
    display_name: str,
    assignment: TrainingAssignment,
    course_title: str,
    reminders_sent: frozenset[int],
    on: date,
) -> AssignmentView:
    return AssignmentView(
        recipient_id=recipient.recipient_id,
        assignment_id=recipient.assignment_id,
        organization_id=recipient.organization_id,
        person_id=recipient.person_id,
        display_name=display_name,
        course_id=recipient.course_id,
        course_title=course_title,
        requirement_id=recipient.requirement_id,
        assigned_to_person_id=assignment.person_id,
        assigned_to_role=assignment.role,
        assigned_to_team_id=assignment.team_id,
        assigned_at=recipient.assigned_at,
        due_on=recipient.due_on,
        is_mandatory=recipient.is_mandatory,
        minimum_score=recipient.minimum_score,
        status=status,
        completed_on=None if fulfilment is None else fulfilment.completed_on,
        is_cancelled=_is_cancelled(recipient, on),
        reminders_sent=reminders_sent,
    )


def _is_wanted(recipient: RecipientFacts, filters: AssignmentFilters, on: date) -> bool:
    return (
        recipient.assigned_at.date() <= on
        and (filters.include_cancelled or not _is_cancelled(recipient, on))
        and filters.course_id in {None, recipient.course_id}
        and filters.requirement_id in {None, recipient.requirement_id}
        and filters.is_mandatory in {None, recipient.is_mandatory}
    )


def _is_cancelled(recipient: RecipientFacts, on: date) -> bool:
    return recipient.cancelled_on is not None and recipient.cancelled_on <= on
