"""Lists assignments with the status derived on a day: one evaluation for the whole list, then filtered by status."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.compliance.evaluation import RecipientFacts, recipient_status
from operational_db.compliance.facts import load_facts
from operational_db.compliance.repository import ComplianceRepository
from operational_db.compliance.views import AssignmentFilters, AssignmentView


def assignment_views(
    session: Session, organization_id: UUID, filters: AssignmentFilters, *, on: date
) -> list[AssignmentView]:
    """The organization's assignments that pass the filters, latest assigned first."""
    repository = ComplianceRepository(session)
    people = None if filters.person_id is None else [filters.person_id]
    if filters.team_id is not None:
        members = repository.member_ids(organization_id, on=on, team_id=filters.team_id)
        people = members if people is None else [person for person in people if person in members]
    facts = load_facts(session, organization_id, person_ids=people)
    requirements = {requirement.requirement_id: requirement for requirement in facts.requirements}
    wanted = [recipient for recipient in facts.recipients if _is_wanted(recipient, filters, on)]
    names = repository.display_names({recipient.person_id for recipient in wanted})
    assignments = repository.assignments_with_title({recipient.assignment_id for recipient in wanted})
    views = []
    for recipient in wanted:
        requirement = None if recipient.requirement_id is None else requirements[recipient.requirement_id]
        status, fulfilment = recipient_status(facts, recipient, requirement, on=on)
        if filters.status is not None and status is not filters.status:
            continue
        assignment, course_title = assignments[recipient.assignment_id]
        views.append(
            AssignmentView(
                recipient_id=recipient.recipient_id,
                assignment_id=recipient.assignment_id,
                organization_id=organization_id,
                person_id=recipient.person_id,
                display_name=names[recipient.person_id],
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
            )
        )
    return views


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
