"""Queries on requirements, assignments and exemptions. Nothing here decides who may see what.

The facts an evaluation needs are loaded by the sibling module `facts`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from operational_db.compliance.views import ExemptionOrder, ExemptionView, RequirementView
from operational_db.errors import NotFoundError
from operational_db.paging import Page, PageRequest
from operational_db.tables.catalog import AutoAssignment, Course
from operational_db.tables.compliance import (
    AssignmentRecipient,
    Exemption,
    TrainingAssignment,
    TrainingRequirement,
)
from operational_db.tables.credentials import Certification
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.tables.notifications import NotificationItem
from operational_db.types import CourseStatus, CourseVisibility, ReminderSchedule, Role


def is_open_on(day: date) -> ColumnElement[bool]:
    """The membership holds on the day: started on or before it and not ended by it."""
    return and_(Membership.started_on <= day, or_(Membership.ended_on.is_(None), Membership.ended_on > day))


def is_open_recipient() -> ColumnElement[bool]:
    """The person still has the assignment to do: neither completed nor cancelled, for her or altogether."""
    return and_(
        AssignmentRecipient.completed_at.is_(None),
        AssignmentRecipient.cancelled_at.is_(None),
        TrainingAssignment.cancelled_at.is_(None),
    )


class ComplianceRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_organization(self, organization_id: UUID) -> Organization:
        """The organization, locked until the transaction ends.

        Assigning and joining take this lock, so that nobody is assigned the same training twice and nobody who joins
        meanwhile is missed.

        Raises
        ------
        NotFoundError
            When there is no such organization.
        """
        statement = select(Organization).where(Organization.id == organization_id).with_for_update(key_share=True)
        organization = self.session.scalar(statement)
        if organization is None:
            raise NotFoundError("There is no organization with this id. Check the id.")
        return organization

    def usable_course(self, organization_id: UUID, course_id: UUID) -> Course:
        """A course the organization may use: public, or its own.

        Raises
        ------
        NotFoundError
            When there is none with the id; somebody else's own course is as good as none.
        """
        statement = select(Course).where(Course.id == course_id, _is_usable_by(organization_id))
        course = self.session.scalar(statement)
        if course is None:
            raise NotFoundError("There is no course with this id that your organization may use. Check the catalogue.")
        return course

    def course_leading_to(self, organization_id: UUID, certification_id: UUID, *, now: datetime) -> Course | None:
        """The published course to take for a certification: an own one first, then the one published longest."""
        statement = select(Course).where(
            Course.certification_id == certification_id,
            Course.leads_to_certification,
            Course.status == CourseStatus.PUBLISHED,
            or_(Course.enrollment_deadline.is_(None), Course.enrollment_deadline >= now),
            _is_usable_by(organization_id),
        )
        is_own = case((Course.provider_id == organization_id, 0), else_=1)
        return self.session.scalar(statement.order_by(is_own, Course.published_at, Course.id).limit(1))

    def courses_meeting(self, requirement: TrainingRequirement) -> frozenset[UUID]:
        """Courses whose completion is a way to meet the requirement."""
        if requirement.course_id is not None:
            return frozenset({requirement.course_id})
        statement = select(Course.id).where(
            Course.certification_id == requirement.certification_id, Course.leads_to_certification
        )
        return frozenset(self.session.scalars(statement))

    def certification(self, certification_id: UUID) -> Certification:
        """The kind of certificate.

        Raises
        ------
        NotFoundError
            When the registry has none with the id.
        """
        certification = self.session.get(Certification, certification_id)
        if certification is None:
            raise NotFoundError("The registry has no certification with this id. Look it up in the registry by name.")
        return certification

    def require_team(self, organization_id: UUID, team_id: UUID) -> None:
        """The team of this very organization.

        Raises
        ------
        NotFoundError
            When the organization has no such team.
        """
        statement = select(Team.id).where(Team.id == team_id, Team.organization_id == organization_id)
        if self.session.scalar(statement) is None:
            raise NotFoundError("The organization has no team with this id. Choose one of its own teams.")

    def member_ids(
        self,
        organization_id: UUID,
        *,
        on: date,
        person_ids: Collection[UUID] | None = None,
        role: Role | None = None,
        team_id: UUID | None = None,
    ) -> list[UUID]:
        """People with an open membership that matches, in the order of their ids."""
        conditions = [Membership.organization_id == organization_id, is_open_on(on)]
        if person_ids is not None:
            conditions.append(Membership.person_id.in_(person_ids))
        if role is not None:
            conditions.append(Membership.role == role)
        if team_id is not None:
            conditions.append(Membership.team_id == team_id)
        statement = select(Membership.person_id).where(*conditions).distinct().order_by(Membership.person_id)
        return list(self.session.scalars(statement))

    def requirement(self, requirement_id: UUID, *, lock: bool = False) -> TrainingRequirement | None:
        statement = select(TrainingRequirement).where(TrainingRequirement.id == requirement_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def same_requirement(self, requirement: TrainingRequirement) -> TrainingRequirement | None:
        """A requirement with the same subject and scope that has no end before the given one starts."""
        same = TrainingRequirement
        statement = select(same).where(
            same.organization_id == requirement.organization_id,
            same.course_id.is_not_distinct_from(requirement.course_id),
            same.certification_id.is_not_distinct_from(requirement.certification_id),
            same.role.is_not_distinct_from(requirement.role),
            same.team_id.is_not_distinct_from(requirement.team_id),
            or_(same.ended_on.is_(None), same.ended_on > requirement.effective_from),
        )
        return self.session.scalar(statement.limit(1))

    def requirements(self, organization_id: UUID, *, on: date | None) -> list[RequirementView]:
        """The organization's requirements by subject; those in force on the day, or all that ever were."""
        subject = func.coalesce(Course.title, Certification.name)
        statement = (
            select(
                TrainingRequirement.id,
                TrainingRequirement.organization_id,
                subject,
                TrainingRequirement.course_id,
                TrainingRequirement.certification_id,
                TrainingRequirement.category,
                TrainingRequirement.role,
                TrainingRequirement.team_id,
                Team.name,
                TrainingRequirement.due_within_days,
                TrainingRequirement.effective_from,
                TrainingRequirement.ended_on,
            )
            .outerjoin(Course, Course.id == TrainingRequirement.course_id)
            .outerjoin(Certification, Certification.id == TrainingRequirement.certification_id)
            .outerjoin(Team, Team.id == TrainingRequirement.team_id)
            .where(TrainingRequirement.organization_id == organization_id)
            .order_by(subject, TrainingRequirement.id)
        )
        if on is not None:
            statement = statement.where(
                TrainingRequirement.effective_from <= on,
                or_(TrainingRequirement.ended_on.is_(None), TrainingRequirement.ended_on > on),
            )
        return [RequirementView(*tuple(row)) for row in self.session.execute(statement)]

    def assignment(self, assignment_id: UUID, *, lock: bool = False) -> TrainingAssignment | None:
        statement = select(TrainingAssignment).where(TrainingAssignment.id == assignment_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def assignments_with_title(self, assignment_ids: Collection[UUID]) -> dict[UUID, tuple[TrainingAssignment, str]]:
        """Assignments and the titles of their courses, by id."""
        statement = select(TrainingAssignment, Course.title).join(Course, Course.id == TrainingAssignment.course_id)
        rows = self.session.execute(statement.where(TrainingAssignment.id.in_(assignment_ids)))
        return {row[0].id: (row[0], row[1]) for row in rows}

    def reminders_sent(self, due_dates: Mapping[UUID, date]) -> dict[UUID, frozenset[int]]:
        """By recipient, the steps that were told of the due date given for her; who was told nothing is left out."""
        told = select(NotificationItem.subject_id, NotificationItem.due_on, NotificationItem.step).where(
            NotificationItem.schedule == ReminderSchedule.ASSIGNMENT_DUE,
            NotificationItem.due_on.in_(set(due_dates.values())),
            NotificationItem.subject_id.in_(due_dates),
            NotificationItem.sent_at.is_not(None),
        )
        steps: dict[UUID, set[int]] = {}
        for recipient_id, due_on, step in self.session.execute(told):
            if due_dates[recipient_id] == due_on:
                steps.setdefault(recipient_id, set()).add(step)
        return {recipient_id: frozenset(found) for recipient_id, found in steps.items()}

    def open_recipients_of(self, assignment_id: UUID) -> Sequence[AssignmentRecipient]:
        statement = select(AssignmentRecipient).where(
            AssignmentRecipient.assignment_id == assignment_id,
            AssignmentRecipient.completed_at.is_(None),
            AssignmentRecipient.cancelled_at.is_(None),
        )
        return self.session.scalars(statement.order_by(AssignmentRecipient.id).with_for_update()).all()

    def count_recipients(self, assignment_id: UUID) -> int:
        statement = select(func.count()).where(
            AssignmentRecipient.assignment_id == assignment_id, AssignmentRecipient.cancelled_at.is_(None)
        )
        return self.session.scalar(statement) or 0

    def recipient_in(self, organization_id: UUID, recipient_id: UUID) -> AssignmentRecipient | None:
        """The recipient, when its assignment is this organization's."""
        statement = (
            select(AssignmentRecipient)
            .join(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
            .where(AssignmentRecipient.id == recipient_id, TrainingAssignment.organization_id == organization_id)
        )
        return self.session.scalar(statement)

    def people_with_open_assignment(
        self, organization_id: UUID, course_id: UUID, person_ids: Collection[UUID]
    ) -> frozenset[UUID]:
        """Those of the people who already have the course to do for this organization."""
        statement = (
            select(AssignmentRecipient.person_id)
            .join(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
            .where(
                TrainingAssignment.organization_id == organization_id,
                TrainingAssignment.course_id == course_id,
                AssignmentRecipient.person_id.in_(person_ids),
                is_open_recipient(),
            )
        )
        return frozenset(self.session.scalars(statement))

    def is_assigned(self, organization_id: UUID, course_id: UUID, person_id: UUID) -> bool:
        """Whether the person has, or had and completed, the course assigned by this organization."""
        statement = (
            select(AssignmentRecipient.id)
            .join(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
            .where(
                TrainingAssignment.organization_id == organization_id,
                TrainingAssignment.course_id == course_id,
                AssignmentRecipient.person_id == person_id,
                AssignmentRecipient.cancelled_at.is_(None),
            )
        )
        return self.session.scalar(statement.limit(1)) is not None

    def standing_assignments(self, membership: Membership) -> Sequence[TrainingAssignment]:
        """Assignments to the role or team of the membership that its person has not been reached by."""
        reached = select(AssignmentRecipient.assignment_id).where(AssignmentRecipient.person_id == membership.person_id)
        targets = [TrainingAssignment.role == membership.role]
        if membership.team_id is not None:
            targets.append(TrainingAssignment.team_id == membership.team_id)
        statement = (
            select(TrainingAssignment)
            .join(Course, Course.id == TrainingAssignment.course_id)
            .where(
                TrainingAssignment.organization_id == membership.organization_id,
                TrainingAssignment.cancelled_at.is_(None),
                Course.status == CourseStatus.PUBLISHED,
                or_(*targets),
                TrainingAssignment.id.not_in(reached),
            )
        )
        return self.session.scalars(statement.order_by(TrainingAssignment.assigned_at, TrainingAssignment.id)).all()

    def auto_assignments(self, membership: Membership) -> Sequence[tuple[AutoAssignment, Course]]:
        """What the organization assigns to every newcomer, or to every newcomer with the role."""
        statement = (
            select(AutoAssignment, Course)
            .join(Course, Course.id == AutoAssignment.course_id)
            .where(
                AutoAssignment.organization_id == membership.organization_id,
                or_(AutoAssignment.role.is_(None), AutoAssignment.role == membership.role.value),
                Course.status == CourseStatus.PUBLISHED,
            )
        )
        return [(row[0], row[1]) for row in self.session.execute(statement.order_by(AutoAssignment.id))]

    def recipients_to_complete(
        self, person_id: UUID, course_id: UUID
    ) -> Sequence[tuple[AssignmentRecipient, TrainingAssignment]]:
        """The person's open assignments of the course, of every organization, locked."""
        statement = (
            select(AssignmentRecipient, TrainingAssignment)
            .join(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
            .where(
                AssignmentRecipient.person_id == person_id,
                TrainingAssignment.course_id == course_id,
                is_open_recipient(),
            )
            .order_by(AssignmentRecipient.id)
            .with_for_update(of=AssignmentRecipient)
        )
        return [(row[0], row[1]) for row in self.session.execute(statement)]

    def exemption(self, exemption_id: UUID, *, lock: bool = False) -> Exemption | None:
        statement = select(Exemption).where(Exemption.id == exemption_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def overlapping_exemption(self, exemption: Exemption) -> Exemption | None:
        """An exemption of the same person from the same subject that shares a day with the given one."""
        statement = select(Exemption).where(
            Exemption.person_id == exemption.person_id,
            Exemption.requirement_id.is_not_distinct_from(exemption.requirement_id),
            Exemption.recipient_id.is_not_distinct_from(exemption.recipient_id),
            Exemption.ended_at.is_(None),
            Exemption.starts_on <= exemption.ends_on,
            Exemption.ends_on >= exemption.starts_on,
        )
        return self.session.scalar(statement.limit(1))

    def exemptions(
        self, organization_id: UUID, page: PageRequest, *, on: date | None, order: ExemptionOrder
    ) -> Page[ExemptionView]:
        """The organization's exemptions; those in force on the day, or all."""
        approver, assigned = aliased(Person), aliased(Course)
        conditions = [Exemption.organization_id == organization_id]
        if on is not None:
            conditions += [
                Exemption.starts_on <= on,
                Exemption.ends_on >= on,
                or_(Exemption.ended_at.is_(None), func.date(Exemption.ended_at) > on),
            ]
        orders: dict[ExemptionOrder, ColumnElement[Any]] = {
            ExemptionOrder.ENDS_FIRST: Exemption.ends_on.asc(),
            ExemptionOrder.LATEST_FIRST: Exemption.created_at.desc(),
            ExemptionOrder.PERSON: Person.display_name.asc(),
            ExemptionOrder.APPROVER: approver.display_name.asc(),
        }
        statement = (
            select(
                Exemption.id,
                Exemption.organization_id,
                Exemption.person_id,
                Person.display_name,
                Exemption.requirement_id,
                Exemption.recipient_id,
                func.coalesce(Course.title, Certification.name, assigned.title),
                Exemption.reason,
                Exemption.approver_id,
                approver.display_name,
                Exemption.starts_on,
                Exemption.ends_on,
                Exemption.ended_at,
            )
            .join(Person, Person.id == Exemption.person_id)
            .join(approver, approver.id == Exemption.approver_id)
            .outerjoin(TrainingRequirement, TrainingRequirement.id == Exemption.requirement_id)
            .outerjoin(Course, Course.id == TrainingRequirement.course_id)
            .outerjoin(Certification, Certification.id == TrainingRequirement.certification_id)
            .outerjoin(AssignmentRecipient, AssignmentRecipient.id == Exemption.recipient_id)
            .outerjoin(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
            .outerjoin(assigned, assigned.id == TrainingAssignment.course_id)
            .where(*conditions)
            .order_by(orders[order], Exemption.id)
            .limit(page.size)
            .offset(page.offset)
        )
        total = self.session.scalar(select(func.count()).select_from(Exemption).where(*conditions)) or 0
        items = [ExemptionView(*tuple(row)) for row in self.session.execute(statement)]
        return Page(items, total, page.number, page.size)

    def display_names(self, person_ids: Collection[UUID]) -> dict[UUID, str]:
        rows = self.session.execute(select(Person.id, Person.display_name).where(Person.id.in_(person_ids)))
        return {row[0]: row[1] for row in rows}


def _is_usable_by(organization_id: UUID) -> ColumnElement[bool]:
    return or_(Course.visibility == CourseVisibility.PUBLIC, Course.provider_id == organization_id)
