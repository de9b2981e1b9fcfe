"""Requirements, assignments, exemptions and lists, authorised on the principal, each change with its ledger event."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.compliance import service
from operational_db.compliance.rules import ComplianceCategory
from operational_db.compliance.views import AssignmentFilters, AssignmentView, ExemptionOrder
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.paging import PageRequest
from operational_db.tables.catalog import AutoAssignment, Course
from operational_db.tables.compliance import AssignmentRecipient, TrainingAssignment, TrainingRequirement
from operational_db.tables.credentials import Certification
from operational_db.tables.identity import Membership, Organization, Person
from operational_db.types import (
    CertificationCategory,
    CourseCategory,
    CourseStatus,
    CourseVisibility,
    EnrollmentStatus,
    OrganizationKind,
    Role,
    TrainingStatus,
    new_id,
)
from tests import builders
from tests.operational_db.principals import (
    body_of,
    create_manager,
    create_member,
    events_about,
    kinds_about,
    principal_of,
)

DAY = timedelta(days=1)


@pytest.fixture
def organization(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def manager(session: Session, organization: Organization) -> Principal:
    return create_manager(session, organization)[0]


@pytest.fixture
def stranger(session: Session) -> Principal:
    """A manager of another company."""
    return create_manager(session)[0]


@pytest.fixture
def technician(session: Session, organization: Organization) -> Principal:
    return create_member(session, organization)


@pytest.fixture
def course(session: Session) -> Course:
    return builders.create_course(session)


def recipients_of(session: Session, assignment: TrainingAssignment) -> dict[UUID, AssignmentRecipient]:
    found = session.scalars(select(AssignmentRecipient).where(AssignmentRecipient.assignment_id == assignment.id))
    return {recipient.person_id: recipient for recipient in found}


class TestSetRequirement:
    @pytest.mark.requirement("CMP-03")
    def test_takes_its_category_and_first_day(
        self, session: Session, organization: Organization, manager: Principal, now: datetime
    ) -> None:
        certification = builders.create_certification(session, category=CertificationCategory.EQUIPMENT)
        requirement = service.set_requirement(
            session,
            manager,
            organization_id=organization.id,
            certification_id=certification.id,
            role=Role.TECHNICIAN,
            now=now,
        )
        assert (requirement.category, requirement.effective_from) == ("equipment", now.date())
        (event,) = [e for e in events_about(session, None) if e.organization_id == organization.id]
        assert event.kind == "requirement.set"
        assert body_of(event) == {
            "requirement_id": str(requirement.id),
            "certification_id": str(certification.id),
            "category": "equipment",
            "role": "technician",
            "due_within_days": 30,
            "effective_from": "2026-11-02",
        }
        (view,) = service.list_requirements(session, manager, organization.id, on=now.date())
        assert (view.subject, view.requirement_id) == (certification.name, requirement.id)

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({}, InvalidInputError),
            ({"both": True}, InvalidInputError),
            ({"course": True, "due_within_days": -1}, InvalidInputError),
            ({"course": True, "team_id": new_id()}, NotFoundError),
            ({"course_id": new_id()}, NotFoundError),
            ({"certification_id": new_id()}, NotFoundError),
        ],
    )
    def test_refuses_what_cannot_be_meant(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        course: Course,
        now: datetime,
        fields: dict[str, object],
        error: type[Exception],
    ) -> None:
        arguments = dict(fields)
        if arguments.pop("both", False):
            arguments |= {"course_id": course.id, "certification_id": new_id()}
        if arguments.pop("course", False):
            arguments["course_id"] = course.id
        with pytest.raises(error):
            service.set_requirement(
                session,
                manager,
                organization_id=organization.id,
                now=now,
                **arguments,  # type: ignore[arg-type]  # fields of the case under test
            )

    def test_the_same_of_the_same_people_is_refused_until_the_former_ends(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        def require(role: Role | None = None) -> TrainingRequirement:
            return service.set_requirement(
                session, manager, organization_id=organization.id, course_id=course.id, role=role, now=now
            )

        first = require()
        require(Role.MENTOR)
        with pytest.raises(ConflictError, match="already requires"):
            require()
        service.end_requirement(session, manager, organization_id=organization.id, requirement_id=first.id, now=now)
        assert require().id != first.id

    def test_another_companys_own_course_is_as_good_as_none(
        self, session: Session, organization: Organization, manager: Principal, now: datetime
    ) -> None:
        other = builders.create_organization(session)
        hidden = builders.create_course(session, visibility=CourseVisibility.ORGANIZATION, provider_id=other.id)
        with pytest.raises(NotFoundError):
            service.set_requirement(session, manager, organization_id=organization.id, course_id=hidden.id, now=now)

    def test_a_named_category_wins(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        requirement = service.set_requirement(
            session,
            manager,
            organization_id=organization.id,
            course_id=course.id,
            category=ComplianceCategory.GENERAL,
            now=now,
        )
        assert requirement.category == "general"


class TestEndRequirement:
    def test_ends_today_unless_said_otherwise(
        self, session: Session, organization: Organization, manager: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        service.end_requirement(
            session, manager, organization_id=organization.id, requirement_id=requirement.id, now=now
        )
        assert requirement.ended_on == now.date()
        assert service.list_requirements(session, manager, organization.id, on=now.date()) == []
        assert len(service.list_requirements(session, manager, organization.id)) == 1
        events = [e for e in events_about(session, None) if e.organization_id == organization.id]
        assert [event.kind for event in events] == ["requirement.ended"]
        with pytest.raises(ConflictError, match="already ends"):
            service.end_requirement(
                session, manager, organization_id=organization.id, requirement_id=requirement.id, now=now
            )

    def test_never_ends_in_the_past(
        self, session: Session, organization: Organization, manager: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        with pytest.raises(InvalidInputError):
            service.end_requirement(
                session,
                manager,
                organization_id=organization.id,
                requirement_id=requirement.id,
                ended_on=now.date() - DAY,
                now=now,
            )


class TestAssign:
    @pytest.mark.requirement("US-TC016", "CMP-01")
    def test_a_person_is_reached_once(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        technician: Principal,
        course: Course,
        now: datetime,
    ) -> None:
        due_on = now.date() + 14 * DAY
        assignment = service.assign_training(
            session,
            manager,
            organization_id=organization.id,
            course_id=course.id,
            person_id=technician.person_id,
            due_on=due_on,
            minimum_score=Decimal(80),
            now=now,
        )
        (recipient,) = recipients_of(session, assignment).values()
        (event,) = events_about(session, technician.person_id)
        assert (event.kind, event.organization_id) == ("training.assigned", organization.id)
        assert body_of(event) == {
            "assignment_id": str(assignment.id),
            "recipient_id": str(recipient.id),
            "course_id": str(course.id),
            "category": "safety",
            "due_on": due_on.isoformat(),
            "is_mandatory": True,
            "minimum_score": "80",
        }
        with pytest.raises(ConflictError, match="already assigned"):
            service.assign_training(
                session,
                manager,
                organization_id=organization.id,
                course_id=course.id,
                person_id=technician.person_id,
                now=now,
            )

    @pytest.mark.requirement("CMP-01")
    def test_a_role_reaches_its_members_of_today(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        today = now.date()
        wanted = [create_member(session, organization, Role.SUPERVISOR).person_id for _ in range(3)]
        create_member(session, organization, Role.TECHNICIAN)
        create_member(session, organization, Role.SUPERVISOR, ended_on=today)
        create_member(session, organization, Role.SUPERVISOR, started_on=today + DAY)
        create_member(session, builders.create_organization(session), Role.SUPERVISOR)
        assignment = service.assign_training(
            session, manager, organization_id=organization.id, course_id=course.id, role=Role.SUPERVISOR, now=now
        )
        assert set(recipients_of(session, assignment)) == set(wanted)
        assert all(kinds_about(session, person_id) == ["training.assigned"] for person_id in wanted)

    @pytest.mark.requirement("CMP-01")
    def test_a_team_reaches_each_member_once(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        team = builders.create_team(session, organization)
        person = builders.create_person(session)
        for role in (Role.TECHNICIAN, Role.MENTOR):
            builders.create_membership(session, person, role=role, team=team)
        assignment = service.assign_training(
            session, manager, organization_id=organization.id, course_id=course.id, team_id=team.id, now=now
        )
        assert list(recipients_of(session, assignment)) == [person.id]

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({}, InvalidInputError),
            ({"role": Role.MENTOR, "team_id": new_id()}, InvalidInputError),
            ({"team_id": new_id()}, NotFoundError),
            ({"person_id": new_id()}, NotFoundError),
            ({"role": Role.MENTOR, "due_on": date(2026, 11, 1)}, InvalidInputError),
            ({"role": Role.MENTOR, "minimum_score": Decimal(101)}, InvalidInputError),
        ],
    )
    def test_refuses_what_cannot_be_meant(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        course: Course,
        now: datetime,
        fields: dict[str, object],
        error: type[Exception],
    ) -> None:
        with pytest.raises(error):
            service.assign_training(
                session,
                manager,
                organization_id=organization.id,
                course_id=course.id,
                now=now,
                **fields,  # type: ignore[arg-type]  # fields of the case under test
            )

    def test_a_draft_is_not_assigned(
        self, session: Session, organization: Organization, manager: Principal, now: datetime
    ) -> None:
        draft = builders.create_course(session, status=CourseStatus.DRAFT)
        with pytest.raises(ConflictError, match="not published"):
            service.assign_training(
                session, manager, organization_id=organization.id, course_id=draft.id, role=Role.MENTOR, now=now
            )

    def test_another_companys_member_or_team_is_unknown(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        elsewhere = builders.create_team(session)
        outsider = builders.create_membership(session, team=elsewhere).person_id
        targets: list[tuple[UUID | None, UUID | None]] = [(outsider, None), (None, elsewhere.id)]
        for person_id, team_id in targets:
            with pytest.raises(NotFoundError):
                service.assign_training(
                    session,
                    manager,
                    organization_id=organization.id,
                    course_id=course.id,
                    person_id=person_id,
                    team_id=team_id,
                    now=now,
                )


class TestJoining:
    def join(
        self, session: Session, organization: Organization, role: Role, now: datetime
    ) -> tuple[Membership, list[AssignmentRecipient]]:
        membership = builders.create_membership(session, organization=organization, role=role, started_on=now.date())
        return membership, service.add_recipients_for_membership(session, membership, now=now)

    @pytest.mark.requirement("CMP-01", "CMP-05")
    def test_who_joins_later_gets_as_many_days(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        assignment = service.assign_training(
            session,
            manager,
            organization_id=organization.id,
            course_id=course.id,
            role=Role.TECHNICIAN,
            due_on=now.date() + 10 * DAY,
            now=now,
        )
        later = now + 100 * DAY
        membership, recipients = self.join(session, organization, Role.TECHNICIAN, later)
        assert [(r.assignment_id, r.due_on) for r in recipients] == [(assignment.id, later.date() + 10 * DAY)]
        assert kinds_about(session, membership.person_id) == ["training.assigned"]
        assert service.add_recipients_for_membership(session, membership, now=later) == []
        assert self.join(session, organization, Role.MENTOR, later)[1] == []
        assert self.join(session, builders.create_organization(session), Role.TECHNICIAN, later)[1] == []

    @pytest.mark.requirement("CMP-01")
    def test_who_joins_the_team_is_reached(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        team = builders.create_team(session, organization)
        assignment = service.assign_training(
            session, manager, organization_id=organization.id, course_id=course.id, team_id=team.id, now=now
        )
        membership = builders.create_membership(session, team=team)
        (recipient,) = service.add_recipients_for_membership(session, membership, now=now)
        assert (recipient.assignment_id, recipient.due_on) == (assignment.id, None)

    def test_a_cancelled_assignment_reaches_nobody_any_more(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        assignment = service.assign_training(
            session, manager, organization_id=organization.id, course_id=course.id, role=Role.TECHNICIAN, now=now
        )
        service.cancel_assignment(session, manager, assignment_id=assignment.id, now=now)
        assert self.join(session, organization, Role.TECHNICIAN, now)[1] == []

    @pytest.mark.requirement("CMP-05")
    def test_newcomers_are_assigned_what_the_company_says(
        self, session: Session, organization: Organization, now: datetime
    ) -> None:
        for_all, for_mentors = builders.create_course(session), builders.create_course(session)
        session.add_all(
            [
                AutoAssignment(
                    organization_id=organization.id, course_id=for_all.id, due_within_days=7, is_mandatory=False
                ),
                AutoAssignment(organization_id=organization.id, course_id=for_mentors.id, role="mentor"),
            ]
        )
        session.flush()
        technician, reached = self.join(session, organization, Role.TECHNICIAN, now)
        assert [recipient.due_on for recipient in reached] == [now.date() + 7 * DAY]
        (event,) = events_about(session, technician.person_id)
        assert body_of(event)["is_mandatory"] is False
        mentor, reached = self.join(session, organization, Role.MENTOR, now)
        assert {recipient.due_on for recipient in reached} == {now.date() + 7 * DAY, now.date() + 30 * DAY}
        assert service.add_recipients_for_membership(session, mentor, now=now) == []


class TestAssignMissing:
    @pytest.fixture
    def course(self, session: Session) -> Course:
        certification = builders.create_certification(session)
        return builders.create_course(session, certification=certification)

    @pytest.fixture
    def requirement(self, session: Session, organization: Organization, course: Course) -> TrainingRequirement:
        certification = session.get_one(Certification, course.certification_id)
        return builders.create_requirement(
            session, organization, certification=certification, role=Role.TECHNICIAN, due_within_days=20
        )

    @pytest.mark.requirement("US-TC016", "CMP-01")
    def test_reaches_those_who_lack_it_once(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        course: Course,
        requirement: TrainingRequirement,
        now: datetime,
    ) -> None:
        lacking, holding, exempted, assigned = (create_member(session, organization).person_id for _ in range(4))
        certification = session.get_one(Certification, course.certification_id)
        builders.create_certificate(session, session.get_one(Person, holding), certification)
        builders.create_exemption(session, session.get_one(Person, exempted), requirement)
        builders.create_assignment(session, organization, course, (session.get_one(Person, assigned),))
        answer = service.assign_missing(
            session, manager, organization_id=organization.id, requirement_id=requirement.id, now=now
        )
        assert [recipient.person_id for recipient in answer.recipients] == [lacking]
        assert (answer.already_assigned_ids, answer.not_missing_ids) == ([assigned], [])
        assert (answer.course_id, answer.due_on) == (course.id, now.date() + 20 * DAY)
        (event,) = events_about(session, lacking)
        assert body_of(event)["requirement_id"] == str(requirement.id)
        again = service.assign_missing(
            session,
            manager,
            organization_id=organization.id,
            requirement_id=requirement.id,
            person_ids=[lacking, holding],
            now=now,
        )
        assert (list(again.recipients), again.already_assigned_ids, again.not_missing_ids) == ([], [lacking], [holding])
        assert kinds_about(session, lacking) == ["training.assigned"]

    def test_prefers_the_companys_own_course(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        course: Course,
        requirement: TrainingRequirement,
        now: datetime,
    ) -> None:
        create_member(session, organization)
        own = builders.create_course(
            session,
            leads_to_certification=True,
            certification_id=course.certification_id,
            visibility=CourseVisibility.ORGANIZATION,
            provider_id=organization.id,
            published_at=now,
        )
        builders.create_course(
            session,
            leads_to_certification=True,
            certification_id=course.certification_id,
            visibility=CourseVisibility.ORGANIZATION,
            provider_id=builders.create_organization(session).id,
        )
        answer = service.assign_missing(
            session, manager, organization_id=organization.id, requirement_id=requirement.id, now=now
        )
        assert answer.course_id == own.id

    @pytest.mark.parametrize(
        "state",
        [
            {"status": CourseStatus.ARCHIVED},
            {"leads_to_certification": False},
            {"enrollment_deadline": datetime.fromisoformat("2026-11-02T09:29:59+00:00")},
        ],
    )
    def test_says_when_no_course_leads_there(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        course: Course,
        requirement: TrainingRequirement,
        now: datetime,
        state: dict[str, object],
    ) -> None:
        for name, value in state.items():
            setattr(course, name, value)
        session.flush()
        with pytest.raises(ConflictError, match="No published course leads to"):
            service.assign_missing(
                session, manager, organization_id=organization.id, requirement_id=requirement.id, now=now
            )

    def test_refuses_people_from_elsewhere_and_requirements_not_in_force(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        stranger: Principal,
        requirement: TrainingRequirement,
        now: datetime,
    ) -> None:
        with pytest.raises(NotFoundError, match="member"):
            service.assign_missing(
                session,
                manager,
                organization_id=organization.id,
                requirement_id=requirement.id,
                person_ids=[stranger.person_id],
                now=now,
            )
        requirement.ended_on = now.date()
        session.flush()
        with pytest.raises(ConflictError, match="not in force"):
            service.assign_missing(
                session, manager, organization_id=organization.id, requirement_id=requirement.id, now=now
            )

    def test_a_course_requirement_assigns_the_course(
        self, session: Session, organization: Organization, manager: Principal, technician: Principal, now: datetime
    ) -> None:
        plain = builders.create_course(session)
        requirement = builders.create_requirement(session, organization, course=plain, role=Role.TECHNICIAN)
        answer = service.assign_missing(
            session,
            manager,
            organization_id=organization.id,
            requirement_id=requirement.id,
            due_on=now.date(),
            now=now,
        )
        assert [(r.person_id, r.due_on) for r in answer.recipients] == [(technician.person_id, now.date())]

    @pytest.mark.requirement("US-TC017")
    def test_missing_people_are_named_with_what_is_under_way(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        requirement: TrainingRequirement,
        technician: Principal,
        now: datetime,
    ) -> None:
        newcomer = create_member(session, organization, started_on=now.date()).person_id
        service.assign_missing(
            session,
            manager,
            organization_id=organization.id,
            requirement_id=requirement.id,
            person_ids=[technician.person_id],
            now=now,
        )
        people = service.missing_people(session, manager, organization.id, requirement.id, now.date())
        assert [(p.person_id, p.status, p.has_open_assignment) for p in people] == [
            (technician.person_id, TrainingStatus.OVERDUE, True),
            (newcomer, TrainingStatus.PENDING, False),
        ]


class TestCompletion:
    @pytest.mark.requirement("CMP-01")
    def test_open_assignments_of_the_course_are_marked(
        self, session: Session, organization: Organization, course: Course, now: datetime
    ) -> None:
        person = builders.create_person(session)
        plain = builders.create_assignment(session, organization, course, (person,))
        strict = builders.create_assignment(session, organization, course, (person,), minimum_score=Decimal(90))
        later = builders.create_assignment(session, organization, course, (person,), assigned_at=now + DAY)
        cancelled = builders.create_assignment(session, organization, course, (person,), cancelled_at=now)
        done = service.mark_recipients_completed(
            session, person_id=person.id, course_id=course.id, completed_at=now, final_score=Decimal("89.99")
        )
        assert [recipient.assignment_id for recipient in done] == [plain.id]
        done = service.mark_recipients_completed(
            session, person_id=person.id, course_id=course.id, completed_at=now, final_score=Decimal(90)
        )
        assert [recipient.assignment_id for recipient in done] == [strict.id]
        for untouched in (later, cancelled):
            assert recipients_of(session, untouched)[person.id].completed_at is None


class TestCancel:
    @pytest.mark.requirement("CMP-01")
    def test_takes_it_back_from_those_who_have_not_completed_it(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        done, undone = (create_member(session, organization).person_id for _ in range(2))
        assignment = service.assign_training(
            session, manager, organization_id=organization.id, course_id=course.id, role=Role.TECHNICIAN, now=now
        )
        service.mark_recipients_completed(
            session, person_id=done, course_id=course.id, completed_at=now, final_score=None
        )
        service.cancel_assignment(session, manager, assignment_id=assignment.id, now=now)
        assert kinds_about(session, done) == ["training.assigned"]
        assert kinds_about(session, undone) == ["training.assigned", "training.assignment_cancelled"]
        with pytest.raises(ConflictError, match="already cancelled"):
            service.cancel_assignment(session, manager, assignment_id=assignment.id, now=now)


class TestExempt:
    @pytest.mark.requirement("CMP-01")
    def test_names_reason_approver_and_end(
        self, session: Session, organization: Organization, manager: Principal, technician: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        exemption = service.exempt(
            session,
            manager,
            organization_id=organization.id,
            person_id=technician.person_id,
            requirement_id=requirement.id,
            reason=" Parental leave ",
            ends_on=date(2027, 1, 31),
            now=now,
        )
        assert (exemption.reason, exemption.starts_on) == ("Parental leave", now.date())
        (event,) = events_about(session, technician.person_id)
        assert event.kind == "exemption.granted"
        assert "leave" not in event.body
        assert body_of(event)["approver_id"] == str(manager.person_id)
        (view,) = service.list_exemptions(session, manager, organization.id, PageRequest(), on=now.date()).items
        assert (view.exemption_id, view.approver_name) == (exemption.id, manager.display_name)
        (required,) = service.list_requirements(session, manager, organization.id)
        assert view.subject == required.subject
        with pytest.raises(ConflictError, match="31 Jan 2027"):
            service.exempt(
                session,
                manager,
                organization_id=organization.id,
                person_id=technician.person_id,
                requirement_id=requirement.id,
                reason="Still",
                starts_on=date(2027, 1, 31),
                ends_on=date(2027, 2, 28),
                now=now,
            )
        service.end_exemption(session, manager, exemption_id=exemption.id, now=now)
        assert kinds_about(session, technician.person_id) == ["exemption.granted", "exemption.ended"]
        assert service.list_exemptions(session, manager, organization.id, PageRequest(), on=now.date()).total == 0
        assert service.list_exemptions(session, manager, organization.id, PageRequest()).total == 1
        with pytest.raises(ConflictError, match="over already"):
            service.end_exemption(session, manager, exemption_id=exemption.id, now=now)

    def test_the_list_is_paged_and_sorted(
        self, session: Session, organization: Organization, manager: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        for name, days in (("Cleo", 5), ("Ada", 9), ("Bo", 1)):
            person = builders.create_person(session, display_name=name)
            builders.create_exemption(session, person, requirement, ends_on=now.date() + days * DAY)

        def names(number: int, order: ExemptionOrder) -> list[str]:
            page = service.list_exemptions(session, manager, organization.id, PageRequest(number, 2), order=order)
            assert (page.total, page.page_count) == (3, 2)
            return [view.display_name for view in page.items]

        assert names(1, ExemptionOrder.ENDS_FIRST) == ["Bo", "Cleo"]
        assert names(2, ExemptionOrder.ENDS_FIRST) == ["Ada"]
        assert names(1, ExemptionOrder.PERSON) == ["Ada", "Bo"]

    def test_nobody_exempts_herself_and_the_system_nobody(
        self, session: Session, organization: Organization, manager: Principal, technician: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        for by, person_id in [
            (manager, manager.person_id),
            (SYSTEM_PRINCIPAL, technician.person_id),
            (technician, manager.person_id),
        ]:
            with pytest.raises(NotAuthorizedError):
                service.exempt(
                    session,
                    by,
                    organization_id=organization.id,
                    person_id=person_id,
                    requirement_id=requirement.id,
                    reason="Why not",
                    ends_on=now.date(),
                    now=now,
                )

    def test_refuses_what_cannot_be_meant(
        self, session: Session, organization: Organization, manager: Principal, technician: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        foreign = builders.create_requirement(session)
        other = builders.create_assignment(session, organization)
        (recipient_id,) = [recipient.id for recipient in recipients_of(session, other).values()]
        outsider = builders.create_membership(session).person_id
        today = now.date()
        cases: list[tuple[dict[str, object], type[Exception]]] = [
            ({"reason": "  "}, InvalidInputError),
            ({"ends_on": today - DAY}, InvalidInputError),
            ({"starts_on": today + 2 * DAY, "ends_on": today + DAY}, InvalidInputError),
            ({"requirement_id": None}, InvalidInputError),
            ({"recipient_id": recipient_id}, InvalidInputError),
            ({"requirement_id": foreign.id}, NotFoundError),
            ({"requirement_id": None, "recipient_id": recipient_id}, NotFoundError),
            ({"person_id": outsider}, NotFoundError),
        ]
        for fields, error in cases:
            arguments: dict[str, object] = {
                "organization_id": organization.id,
                "person_id": technician.person_id,
                "requirement_id": requirement.id,
                "reason": "Leave",
                "ends_on": today,
                **fields,
            }
            with pytest.raises(error):
                service.exempt(session, manager, now=now, **arguments)  # type: ignore[arg-type]

    def test_an_assignment_is_excused_for_its_recipient(
        self,
        session: Session,
        organization: Organization,
        manager: Principal,
        technician: Principal,
        course: Course,
        now: datetime,
    ) -> None:
        assignment = service.assign_training(
            session,
            manager,
            organization_id=organization.id,
            course_id=course.id,
            person_id=technician.person_id,
            now=now,
        )
        service.exempt(
            session,
            manager,
            organization_id=organization.id,
            person_id=technician.person_id,
            recipient_id=recipients_of(session, assignment)[technician.person_id].id,
            reason="On leave",
            ends_on=now.date(),
            now=now,
        )
        statuses = [
            service.my_assignments(session, technician, on=on)[0].status for on in (now.date(), now.date() + DAY)
        ]
        assert statuses == [TrainingStatus.EXEMPTED, TrainingStatus.PENDING]


class TestLists:
    @pytest.mark.requirement("CMP-01")
    def test_assignments_are_filtered_by_derived_status_and_paged(
        self, session: Session, organization: Organization, manager: Principal, course: Course, now: datetime
    ) -> None:
        today = now.date()
        team = builders.create_team(session, organization)
        people = {}
        for status in ("pending", "in_progress", "completed", "overdue", "cancelled"):
            person = builders.create_person(session)
            builders.create_membership(session, person, team=team)
            people[status] = person
            builders.create_assignment(
                session, organization, course, (person,), due_on=today - DAY if status == "overdue" else today
            )
        builders.create_enrollment(session, people["in_progress"], course)
        builders.create_enrollment(
            session, people["completed"], course, status=EnrollmentStatus.COMPLETED, ended_at=now
        )
        builders.create_assignment(session, builders.create_organization(session), course, (people["pending"],))
        cancelled = session.scalars(
            select(AssignmentRecipient).where(AssignmentRecipient.person_id == people["cancelled"].id)
        ).one()
        cancelled.cancelled_at = now
        session.flush()

        def listed(page: PageRequest | None = None, **filters: object) -> list[AssignmentView]:
            wanted = AssignmentFilters(**filters)  # type: ignore[arg-type]  # filters of the case under test
            return list(
                service.list_assignments(
                    session, manager, organization.id, wanted, page or PageRequest(), on=today
                ).items
            )

        assert {view.person_id: view.status for view in listed()} == {
            people[status].id: TrainingStatus(status) for status in ("pending", "in_progress", "completed", "overdue")
        }
        for status in (TrainingStatus.OVERDUE, TrainingStatus.COMPLETED):
            assert [view.person_id for view in listed(status=status)] == [people[status].id]
        assert [view.is_cancelled for view in listed(include_cancelled=True, person_id=people["cancelled"].id)] == [
            True
        ]
        assert len(listed(team_id=team.id)) == 4
        assert listed(team_id=builders.create_team(session, organization).id) == []
        assert listed(course_id=builders.create_course(session).id) == []
        assert listed(is_mandatory=False) == []
        pages = [listed(PageRequest(number, 3)) for number in (1, 2)]
        assert [len(page) for page in pages] == [3, 1]
        assert len({view.recipient_id for page in pages for view in page}) == 4

    def test_my_assignments_come_from_my_organizations_with_the_due_first(
        self, session: Session, organization: Organization, technician: Principal, now: datetime
    ) -> None:
        person = session.get_one(Person, technician.person_id)
        today = now.date()
        for days in (20, 10, None):
            builders.create_assignment(
                session, organization, people=(person,), due_on=None if days is None else today + days * DAY
            )
        builders.create_assignment(session, organization)
        mine = service.my_assignments(session, technician, on=today)
        assert [view.due_on for view in mine] == [today + 10 * DAY, today + 20 * DAY, None]
        assert service.my_assignments(session, SYSTEM_PRINCIPAL, on=today) == []

    @pytest.mark.requirement("CMP-01")
    def test_an_assignment_for_a_requirement_is_met_by_the_certificate(
        self, session: Session, organization: Organization, manager: Principal, technician: Principal, now: datetime
    ) -> None:
        certification = builders.create_certification(session)
        builders.create_course(session, certification=certification)
        requirement = builders.create_requirement(session, organization, certification=certification)
        service.assign_missing(
            session,
            manager,
            organization_id=organization.id,
            requirement_id=requirement.id,
            person_ids=[technician.person_id],
            now=now,
        )
        builders.create_certificate(session, session.get_one(Person, technician.person_id), certification)
        (view,) = service.my_assignments(session, technician, on=now.date())
        assert view.status is TrainingStatus.COMPLETED


@pytest.mark.requirement("CMP-01")
class TestOtherCompanies:
    """A manager of one company has no part in another's, whatever id she knows."""

    def test_are_refused_every_use_case_on_the_organization(
        self, session: Session, organization: Organization, stranger: Principal, technician: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session)
        requirement = builders.create_requirement(session, organization)
        today = now.date()
        own_id = organization.id
        attempts: list[Callable[[], object]] = [
            lambda: service.set_requirement(session, stranger, organization_id=own_id, course_id=course.id, now=now),
            lambda: service.assign_training(
                session, stranger, organization_id=own_id, course_id=course.id, role=Role.MENTOR, now=now
            ),
            lambda: service.assign_missing(
                session, stranger, organization_id=own_id, requirement_id=requirement.id, now=now
            ),
            lambda: service.exempt(
                session,
                stranger,
                organization_id=own_id,
                person_id=technician.person_id,
                requirement_id=requirement.id,
                reason="No",
                ends_on=today,
                now=now,
            ),
            lambda: service.list_requirements(session, stranger, organization.id, on=today),
            lambda: service.list_exemptions(session, stranger, organization.id, PageRequest()),
            lambda: service.list_assignments(
                session, stranger, organization.id, AssignmentFilters(), PageRequest(), on=today
            ),
            lambda: service.missing_people(session, stranger, organization.id, requirement.id, today),
            lambda: service.required_trainings_of(session, stranger, organization.id, on=today),
        ]
        for attempt in attempts:
            with pytest.raises(NotAuthorizedError):
                attempt()

    def test_records_are_as_if_they_did_not_exist(
        self, session: Session, organization: Organization, stranger: Principal, technician: Principal, now: datetime
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        person = session.get_one(Person, technician.person_id)
        exemption = builders.create_exemption(session, person, requirement)
        assignment = builders.create_assignment(session, organization)
        own_id = next(iter(stranger.organization_ids))
        attempts: list[Callable[[], object]] = [
            lambda: service.end_requirement(
                session, stranger, organization_id=own_id, requirement_id=requirement.id, now=now
            ),
            lambda: service.cancel_assignment(session, stranger, assignment_id=assignment.id, now=now),
            lambda: service.end_exemption(session, stranger, exemption_id=exemption.id, now=now),
            lambda: service.assign_missing(
                session, stranger, organization_id=own_id, requirement_id=requirement.id, now=now
            ),
            lambda: service.missing_people(session, stranger, own_id, requirement.id, now.date()),
        ]
        for attempt in attempts:
            with pytest.raises(NotFoundError):
                attempt()
        with pytest.raises(NotFoundError):
            service.end_requirement(session, stranger, organization_id=own_id, requirement_id=new_id(), now=now)
        with pytest.raises(NotFoundError):
            service.cancel_assignment(session, stranger, assignment_id=new_id(), now=now)
        with pytest.raises(NotFoundError):
            service.end_exemption(session, stranger, exemption_id=new_id(), now=now)

    def test_a_viewer_of_the_company_is_told_what_she_may_not(
        self, session: Session, organization: Organization, now: datetime
    ) -> None:
        auditor = create_member(session, organization, Role.AUDITOR)
        requirement = builders.create_requirement(session, organization)
        assert len(service.list_requirements(session, auditor, organization.id)) == 1
        with pytest.raises(NotAuthorizedError):
            service.end_requirement(
                session, auditor, organization_id=organization.id, requirement_id=requirement.id, now=now
            )

    def test_a_school_sees_what_it_assigned(self, session: Session, now: datetime) -> None:
        school = builders.create_organization(session, OrganizationKind.TRADE_SCHOOL)
        admin = create_member(session, school, Role.SCHOOL_ADMIN)
        create_member(session, school, Role.STUDENT)
        course = builders.create_course(session, category=CourseCategory.APPRENTICESHIP)
        service.assign_training(
            session, admin, organization_id=school.id, course_id=course.id, role=Role.STUDENT, now=now
        )
        page = service.list_assignments(session, admin, school.id, AssignmentFilters(), PageRequest(), on=now.date())
        assert page.total == 1

    def test_anybody_may_ask_for_her_own_standing(
        self, session: Session, organization: Organization, technician: Principal, now: datetime
    ) -> None:
        builders.create_requirement(session, organization)
        own = service.required_trainings_of(
            session, technician, organization.id, on=now.date(), person_ids=[technician.person_id]
        )
        assert len(own) == 1
        outsider = principal_of(builders.create_person(session))
        assert (
            service.required_trainings_of(
                session, outsider, organization.id, on=now.date(), person_ids=[outsider.person_id]
            )
            == []
        )
