"""Queries on access lists, waivers and assigned lessons. Nothing here decides who may see what."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from operational_db.errors import NotFoundError
from operational_db.gates.access_list import KnownPerson
from operational_db.gates.access_views import GrantView, WaiverView
from operational_db.paging import Page, PageRequest
from operational_db.tables.content import Lesson, LessonAttempt, LessonPolicy, LessonVersion
from operational_db.tables.gates import AccessGrant, GateWaiver, LessonAssignment, ProficiencyEvidence
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.tables.imports import ImportBatch, ImportChange, ImportedRecord


def is_member_on(organization_id: UUID, day: date) -> ColumnElement[bool]:
    """The person has an open membership in the organization on the day."""
    return exists().where(
        Membership.person_id == Person.id,
        Membership.organization_id == organization_id,
        Membership.started_on <= day,
        or_(Membership.ended_on.is_(None), Membership.ended_on > day),
    )


class AccessRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def lock_organization(self, organization_id: UUID) -> Organization:
        """The organization, locked until the transaction ends: lists, grants and assignments take turns.

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

    def is_member(self, organization_id: UUID, person_id: UUID, *, on: date) -> bool:
        statement = select(Person.id).where(Person.id == person_id, is_member_on(organization_id, on))
        return self.session.scalar(statement) is not None

    def people_meant(
        self, organization_id: UUID, person_ids: Collection[UUID], accounts: Collection[str], *, on: date
    ) -> list[KnownPerson]:
        """Members on the day and people who have a grant here, among those named by id or account."""
        member = is_member_on(organization_id, on)
        has_grant = exists().where(AccessGrant.person_id == Person.id, AccessGrant.organization_id == organization_id)
        statement = select(Person.id, Person.oidc_subject, member).where(
            or_(Person.id.in_(person_ids), Person.oidc_subject.in_(accounts)), or_(member, has_grant)
        )
        return [KnownPerson(*row) for row in self.session.execute(statement)]

    def open_grant(self, organization_id: UUID, person_id: UUID, action: str, source: str) -> AccessGrant | None:
        statement = select(AccessGrant).where(
            AccessGrant.organization_id == organization_id,
            AccessGrant.person_id == person_id,
            AccessGrant.action == action,
            AccessGrant.source == source,
            AccessGrant.removed_on.is_(None),
        )
        return self.session.scalar(statement)

    def open_grants_of_list(self, organization_id: UUID, action: str, source: str) -> dict[UUID, AccessGrant]:
        """What a list holds at present, by person."""
        statement = select(AccessGrant).where(
            AccessGrant.organization_id == organization_id,
            AccessGrant.action == action,
            AccessGrant.source == source,
            AccessGrant.removed_on.is_(None),
        )
        return {grant.person_id: grant for grant in self.session.scalars(statement)}

    def grant(self, grant_id: UUID) -> AccessGrant | None:
        """The grant, locked until the transaction ends."""
        return self.session.scalar(select(AccessGrant).where(AccessGrant.id == grant_id).with_for_update())

    def grants(
        self, organization_id: UUID, *, action: str | None, person_id: UUID | None, page: PageRequest
    ) -> Page[GrantView]:
        """Open grants, by action and name."""
        conditions = [AccessGrant.organization_id == organization_id, AccessGrant.removed_on.is_(None)]
        if action is not None:
            conditions.append(AccessGrant.action == action)
        if person_id is not None:
            conditions.append(AccessGrant.person_id == person_id)
        total = self.session.scalar(select(func.count()).select_from(AccessGrant).where(*conditions)) or 0
        statement = (
            select(
                AccessGrant.id,
                AccessGrant.person_id,
                Person.display_name,
                AccessGrant.action,
                AccessGrant.source,
                AccessGrant.granted_on,
            )
            .join(Person, Person.id == AccessGrant.person_id)
            .where(*conditions)
            .order_by(AccessGrant.action, Person.display_name, AccessGrant.id)
            .limit(page.size)
            .offset(page.offset)
        )
        return Page([GrantView(*row) for row in self.session.execute(statement)], total, page.number, page.size)

    def people_with_access(self, organization_id: UUID) -> list[tuple[UUID, str, date]]:
        """Person, action and first day of every open access; several products' grants count once."""
        statement = (
            select(AccessGrant.person_id, AccessGrant.action, func.min(AccessGrant.granted_on))
            .where(AccessGrant.organization_id == organization_id, AccessGrant.removed_on.is_(None))
            .group_by(AccessGrant.person_id, AccessGrant.action)
            .order_by(AccessGrant.action, AccessGrant.person_id)
        )
        return [(row[0], row[1], row[2]) for row in self.session.execute(statement)]

    def link_to_import(self, batch: ImportBatch, added: Sequence[AccessGrant], removed: Sequence[AccessGrant]) -> None:
        """Keep what an undo of the import needs; called before the removed grants are changed."""
        source = f"{batch.organization_id}:{batch.source}"
        changes = [
            ImportChange(
                batch_id=batch.id,
                kind="access_grants",
                record_id=grant.id,
                before={
                    **{c.name: _as_json(getattr(grant, c.name)) for c in AccessGrant.__table__.columns},
                    "_changed_by_batch_id": str(self._changed_by(grant.id) or batch.id),
                },
                before_sha256=b"",
            )
            for grant in removed
        ]
        self.session.add_all(changes)
        self.session.add_all(
            ImportedRecord(
                source=source,
                kind="access_grants",
                external_id=str(grant.id),
                record_id=grant.id,
                content_sha256=b"",
                created_by_batch_id=batch.id,
                changed_by_batch_id=batch.id,
            )
            for grant in added
        )
        self.session.flush()
        self.session.execute(
            update(ImportedRecord)
            .where(
                ImportedRecord.kind == "access_grants", ImportedRecord.record_id.in_([grant.id for grant in removed])
            )
            .values(changed_by_batch_id=batch.id)
        )

    def _changed_by(self, grant_id: UUID) -> UUID | None:
        statement = select(ImportedRecord.changed_by_batch_id).where(
            ImportedRecord.kind == "access_grants", ImportedRecord.record_id == grant_id
        )
        return self.session.scalar(statement)

    def waiver(self, waiver_id: UUID, *, lock: bool = False) -> GateWaiver | None:
        statement = select(GateWaiver).where(GateWaiver.id == waiver_id)
        return self.session.scalar(statement.with_for_update() if lock else statement)

    def overlapping_waiver(self, waiver: GateWaiver) -> GateWaiver | None:
        """A waiver of the same person and action that holds on one of the same days."""
        statement = select(GateWaiver).where(
            GateWaiver.organization_id == waiver.organization_id,
            GateWaiver.person_id == waiver.person_id,
            GateWaiver.action == waiver.action,
            GateWaiver.ended_at.is_(None),
            GateWaiver.starts_on <= waiver.ends_on,
            GateWaiver.ends_on >= waiver.starts_on,
        )
        return self.session.scalar(statement.limit(1))

    def waivers(
        self, organization_id: UUID, page: PageRequest, *, on: date | None, person_id: UUID | None
    ) -> Page[WaiverView]:
        """Those that hold on the day, or all there ever were (None), latest first."""
        approver = aliased(Person)
        conditions = [GateWaiver.organization_id == organization_id]
        if on is not None:
            conditions += [GateWaiver.ended_at.is_(None), GateWaiver.starts_on <= on, GateWaiver.ends_on >= on]
        if person_id is not None:
            conditions.append(GateWaiver.person_id == person_id)
        statement = (
            select(
                GateWaiver.id,
                GateWaiver.person_id,
                Person.display_name,
                GateWaiver.action,
                GateWaiver.reason,
                GateWaiver.approver_id,
                approver.display_name,
                GateWaiver.starts_on,
                GateWaiver.ends_on,
                GateWaiver.ended_at,
            )
            .join(Person, Person.id == GateWaiver.person_id)
            .join(approver, approver.id == GateWaiver.approver_id)
            .where(*conditions)
            .order_by(GateWaiver.recorded_at.desc(), GateWaiver.id)
            .limit(page.size)
            .offset(page.offset)
        )
        total = self.session.scalar(select(func.count()).select_from(GateWaiver).where(*conditions)) or 0
        items = [WaiverView(*tuple(row)) for row in self.session.execute(statement)]
        return Page(items, total, page.number, page.size)

    def open_lesson_assignments(self, organization_id: UUID, person_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
        """(person, lesson) of lessons assigned and not passed since."""
        passed = exists().where(
            LessonVersion.lesson_id == LessonAssignment.lesson_id,
            LessonAttempt.lesson_version_id == LessonVersion.id,
            LessonAttempt.person_id == LessonAssignment.person_id,
            LessonAttempt.is_passed.is_(True),
            LessonAttempt.submitted_at >= LessonAssignment.assigned_at,
        )
        proven = exists().where(
            ProficiencyEvidence.lesson_id == LessonAssignment.lesson_id,
            ProficiencyEvidence.person_id == LessonAssignment.person_id,
            ProficiencyEvidence.achieved_at >= LessonAssignment.assigned_at,
        )
        statement = select(LessonAssignment.person_id, LessonAssignment.lesson_id).where(
            LessonAssignment.organization_id == organization_id,
            LessonAssignment.person_id.in_(person_ids),
            LessonAssignment.cancelled_at.is_(None),
            and_(~passed, ~proven),
        )
        return {(row[0], row[1]) for row in self.session.execute(statement)}

    def evidence_revoked_for(self, person_ids: Collection[UUID], reason: str) -> set[UUID]:
        """Evidence of these people that was revoked for this very reason."""
        statement = select(ProficiencyEvidence.id).where(
            ProficiencyEvidence.person_id.in_(person_ids), ProficiencyEvidence.revocation_reason == reason
        )
        return set(self.session.scalars(statement))

    def lessons_teaching(self, policy_id: UUID) -> set[UUID]:
        """Lessons of which any version teaches the policy."""
        statement = (
            select(LessonVersion.lesson_id)
            .join(LessonPolicy, LessonPolicy.lesson_version_id == LessonVersion.id)
            .where(LessonPolicy.policy_id == policy_id)
        )
        return set(self.session.scalars(statement))

    def member_ids(self, organization_id: UUID, *, on: date, after: UUID | None = None) -> list[UUID]:
        """People with an open membership on the day, in the order of their ids, those after one id only."""
        statement = select(Person.id).where(is_member_on(organization_id, on)).order_by(Person.id)
        return list(self.session.scalars(statement if after is None else statement.where(Person.id > after)))

    def team_names(self, organization_id: UUID) -> dict[UUID, str]:
        statement = select(Team.id, Team.name).where(Team.organization_id == organization_id)
        return {row[0]: row[1] for row in self.session.execute(statement)}

    def course_ids_of_lessons(self, lesson_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
        """The catalogue's course behind each lesson, absent where the lesson is none of that type."""
        statement = select(Lesson.id, Lesson.course_id).where(Lesson.id.in_(lesson_ids))
        return {row[0]: row[1] for row in self.session.execute(statement)}

    def display_names(self, person_ids: Collection[UUID]) -> dict[UUID, str]:
        statement = select(Person.id, Person.display_name).where(Person.id.in_(person_ids))
        return {row[0]: row[1] for row in self.session.execute(statement)}


def _as_json(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
