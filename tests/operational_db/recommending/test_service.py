"""What is known of a person's training for recommending, who may know it, and what she puts away."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.catalog.service import PathStep, create_learning_path
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.recommending import service
from operational_db.recommending.service import PersonFrames, person_frames
from operational_db.tables.catalog import Course
from operational_db.tables.identity import Organization, Person
from operational_db.tables.learning import CourseDismissal
from operational_db.tables.mentorship import MenteeProfile
from operational_db.types import (
    CourseStatus,
    CourseVisibility,
    EnrollmentStatus,
    MenteeLevel,
    PricingModel,
    Role,
)
from tests import builders
from tests.operational_db.principals import create_manager, create_member, kinds_about, principal_of

AT = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session, name="Acme")


@pytest.fixture
def ann(session: Session, company: Organization) -> Principal:
    return create_member(session, company)


def own(session: Session, ann: Principal, now: datetime) -> PersonFrames:
    return person_frames(session, ann, person_id=ann.person_id, now=now)


def row(frames: PersonFrames, course: Course) -> dict[str, Any]:
    return frames.courses.row(by_predicate=pl.col("course_id") == str(course.id), named=True)


def complete(session: Session, person: Principal, course: Course, **fields: Any) -> None:
    defaults: dict[str, Any] = {"person_id": person.person_id, "status": EnrollmentStatus.COMPLETED, "ended_at": AT}
    builders.create_enrollment(session, course=course, **{**defaults, **fields})


class TestCourses:
    def test_what_speaks_for_and_against_each_course(self, session: Session, ann: Principal, now: datetime) -> None:
        kind = builders.create_certification(session, name="Rigging")
        done, running, first = (builders.create_course(session) for _ in range(3))
        asking = builders.create_course(
            session,
            certification=kind,
            tags=["Rope"],
            prerequisites=[{"type": "course", "id": str(first.id)}, {"type": "certification", "id": str(kind.id)}],
        )
        complete(session, ann, done)
        builders.create_enrollment(session, person_id=ann.person_id, course=running)
        for _ in range(6):
            complete(session, principal_of(builders.create_person(session)), asking)
        frames = own(session, ann, now)
        assert row(frames, done)["completed_on"] == AT.date()
        assert row(frames, running)["is_running"]
        found = row(frames, asking)
        assert (found["missing_course_ids"], found["missing_certification_ids"]) == ([str(first.id)], [str(kind.id)])
        assert found["recent_count"] == 6
        assert found["phrases"] == [asking.title, "Rope", "Rigging"]
        assert found["is_open"]

    @pytest.mark.requirement("LMS-05")
    @pytest.mark.parametrize(
        "fields",
        [
            {"max_enrollment": 0},
            {"enrollment_deadline": datetime(2026, 11, 1, tzinfo=UTC)},
            {"session_starts_on": date(2026, 11, 1)},
        ],
        ids=["full", "past its deadline", "begun"],
    )
    def test_one_that_takes_nobody_in_is_not_open(
        self, session: Session, ann: Principal, now: datetime, fields: dict[str, Any]
    ) -> None:
        course = builders.create_course(session, **fields)
        assert not row(own(session, ann, now), course)["is_open"]

    def test_the_last_seat_counts_until_it_is_taken(self, session: Session, ann: Principal, now: datetime) -> None:
        course = builders.create_course(session, max_enrollment=1)
        assert row(own(session, ann, now), course)["is_open"]
        builders.create_enrollment(session, course=course)
        assert not row(own(session, ann, now), course)["is_open"]

    @pytest.mark.requirement("LMS-05")
    def test_what_she_may_not_find_is_not_there(self, session: Session, company: Organization, now: datetime) -> None:
        other = builders.create_organization(session)
        hidden = [
            builders.create_course(session, visibility=CourseVisibility.ORGANIZATION, provider_id=other.id),
            builders.create_course(session, status=CourseStatus.DRAFT),
            builders.create_course(session, status=CourseStatus.ARCHIVED),
        ]
        shown = builders.create_course(session, visibility=CourseVisibility.ORGANIZATION, provider_id=company.id)
        # A manager manages courses nobody else finds; as a learner she is recommended none of these.
        manager, _ = create_manager(session, company)
        draft = builders.create_course(session, status=CourseStatus.DRAFT, provider_id=company.id)
        found = set(own(session, manager, now).courses["course_id"].to_list())
        assert found.isdisjoint({str(each.id) for each in [*hidden, draft]})
        assert str(shown.id) in found

    def test_one_an_employer_pays_for_needs_her_word_unless_she_assigned_it(
        self, session: Session, company: Organization, ann: Principal, now: datetime
    ) -> None:
        paid, assigned = (builders.create_course(session, pricing_model=PricingModel.EMPLOYER_PAID) for _ in range(2))
        person = builders.create_person(session)
        assignment = builders.create_assignment(session, company, assigned, (person,))
        builders.create_membership(session, person, company)
        frames = own(session, principal_of(person, company), now)
        assert assignment.person_id == person.id
        assert row(frames, paid)["needs_sponsor"]
        assert not row(frames, assigned)["needs_sponsor"]


class TestReasons:
    def test_what_is_required_and_missing_with_its_day(
        self, session: Session, company: Organization, ann: Principal, now: datetime
    ) -> None:
        course, met = builders.create_course(session), builders.create_course(session)
        kind = builders.create_certification(session, name="Rigging")
        soon: dict[str, Any] = {"effective_from": now.date(), "due_within_days": 10}
        builders.create_requirement(session, company, course=course, **soon)
        builders.create_requirement(session, company, certification=kind)
        builders.create_requirement(session, company, course=met)
        complete(session, ann, met)
        needs = own(session, ann, now).needs.sort("is_overdue").to_dicts()
        assert [(need["course_id"], need["certification_id"], need["name"]) for need in needs] == [
            (str(course.id), None, ""),
            (None, str(kind.id), "Rigging"),
        ]
        assert (needs[0]["due_on"], needs[0]["required_by"]) == (now.date() + timedelta(days=10), "Acme")
        assert [need["is_overdue"] for need in needs] == [False, True]

    def test_a_certificate_about_to_lapse_names_the_course_that_renews_it(
        self, session: Session, ann: Principal, now: datetime
    ) -> None:
        kind = builders.create_certification(session, name="Rigging")
        course = builders.create_course(session, certification=kind)
        for days, each in ((80, kind), (100, builders.create_certification(session))):
            builders.create_certificate(
                session,
                certification=each,
                person_id=ann.person_id,
                expires_on=now.date() + timedelta(days=days),
            )
        assert own(session, ann, now).lapses.rows() == [
            ("Rigging", now.date() + timedelta(days=80), str(course.id), False)
        ]

    def test_credits_that_are_short_are_given_by_courses_of_her_trade(
        self, session: Session, ann: Principal, now: datetime
    ) -> None:
        kind = builders.create_certification(
            session, ce_credits_required=Decimal(8), continuing_education_required=True
        )
        fields: dict[str, Any] = {
            "issued_on": now.date() - timedelta(days=300),
            "expires_on": now.date() + timedelta(days=60),
        }
        builders.create_certificate(session, certification=kind, person_id=ann.person_id, **fields)
        giving = builders.create_course(session, ce_credits=Decimal(4))
        builders.create_course(session, ce_credits=Decimal(4), trade="hvac")
        done = builders.create_course(session)
        complete(session, ann, done)
        lapses = own(session, ann, now).lapses
        assert lapses.select("course_id", "is_for_credits").rows() == [(str(giving.id), True)]

    def test_paths_and_what_they_lead_to(
        self, session: Session, company: Organization, ann: Principal, now: datetime
    ) -> None:
        courses = [builders.create_course(session) for _ in range(2)]
        create_learning_path(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=company.id,
            title="Inspector path",
            target_role="elevator_inspector",
            level="advanced",
            courses=[PathStep(course.id) for course in courses],
            now=now,
        )
        steps = own(session, ann, now).steps
        assert steps["course_id"].to_list() == [str(course.id) for course in courses]
        assert steps["phrases"][0].to_list()[0] == "elevator inspector"

    def test_her_goal_and_interests_from_her_own_profile(
        self, session: Session, company: Organization, ann: Principal, now: datetime
    ) -> None:
        session.add(
            MenteeProfile(
                person_id=ann.person_id,
                current_level=MenteeLevel.JUNIOR,
                career_goal=" Elevator inspector ",
                specialization_interests=["hydraulics", ""],
                skills_to_develop=["hydraulics", "welding"],
                created_at=now,
                updated_at=now,
            )
        )
        session.flush()
        assert own(session, ann, now).wishes.rows() == [
            ("goal", "Elevator inspector"),
            ("interest", "hydraulics"),
            ("interest", "welding"),
        ]
        manager, _ = create_manager(session, company)
        assert person_frames(session, manager, person_id=ann.person_id, now=now).wishes.is_empty()


class TestWhoMayKnow:
    @pytest.mark.requirement("LMS-05")
    def test_who_looks_after_her_training_sees_her_organization_s_part_of_it(
        self, session: Session, company: Organization, ann: Principal, now: datetime
    ) -> None:
        other = builders.create_organization(session, name="Other")
        person = session.get_one(Person, ann.person_id)
        builders.create_membership(session, person, other)
        here, elsewhere, put_away = (builders.create_course(session) for _ in range(3))
        builders.create_requirement(session, company, course=builders.create_course(session))
        builders.create_requirement(session, other, course=builders.create_course(session))
        complete(session, ann, here, organization_id=company.id)
        complete(session, ann, elsewhere, organization_id=other.id)
        service.dismiss_course(session, ann, course_id=put_away.id, now=now)
        manager, _ = create_manager(session, company)
        found = person_frames(session, manager, person_id=ann.person_id, now=now)
        assert found.needs["required_by"].to_list() == ["Acme"]
        assert (row(found, here)["is_told"], row(found, elsewhere)["is_told"]) == (True, False)
        assert row(found, elsewhere)["completed_on"] == AT.date()
        assert not row(found, put_away)["is_dismissed"]

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.COMPANY_MANAGER])
    def test_for_others_she_does_not_exist(
        self, session: Session, company: Organization, ann: Principal, now: datetime, role: Role
    ) -> None:
        place = company if role is Role.TECHNICIAN else builders.create_organization(session)
        stranger = create_member(session, place, role)
        with pytest.raises(NotFoundError):
            person_frames(session, stranger, person_id=ann.person_id, now=now)


class TestPuttingAway:
    def test_it_holds_until_taken_back_and_is_no_fact_of_the_ledger(
        self, session: Session, ann: Principal, now: datetime
    ) -> None:
        course = builders.create_course(session, title="Welding")
        for _ in range(2):
            service.dismiss_course(session, ann, course_id=course.id, now=now)
        assert row(own(session, ann, now), course)["is_dismissed"]
        assert [each.title for each in service.dismissed_courses(session, ann)] == ["Welding"]
        for _ in range(2):
            service.restore_course(session, ann, course_id=course.id, now=now)
        assert not row(own(session, ann, now), course)["is_dismissed"]
        assert kinds_about(session, ann.person_id) == []

    def test_there_has_to_be_such_a_course_and_somebody(self, session: Session, ann: Principal, now: datetime) -> None:
        with pytest.raises(NotFoundError):
            service.dismiss_course(session, ann, course_id=ann.person_id, now=now)
        course = builders.create_course(session)
        with pytest.raises(InvalidInputError):
            service.dismiss_course(session, SYSTEM_PRINCIPAL, course_id=course.id, now=now)
        assert service.dismissed_courses(session, SYSTEM_PRINCIPAL) == []

    def test_a_course_of_others_does_not_exist_for_her(self, session: Session, ann: Principal, now: datetime) -> None:
        other = builders.create_organization(session)
        hidden = builders.create_course(session, visibility=CourseVisibility.ORGANIZATION, provider_id=other.id)
        with pytest.raises(NotFoundError):
            service.dismiss_course(session, ann, course_id=hidden.id, now=now)
        with pytest.raises(NotFoundError):
            service.restore_course(session, ann, course_id=hidden.id, now=now)
        course = builders.create_course(session)
        service.dismiss_course(session, ann, course_id=course.id, now=now)
        course.visibility, course.provider_id = CourseVisibility.ORGANIZATION, other.id
        session.flush()
        service.restore_course(session, ann, course_id=course.id, now=now)
        assert service.dismissed_courses(session, ann) == []

    def test_it_goes_with_the_person(self, session: Session, ann: Principal, now: datetime) -> None:
        service.dismiss_course(session, ann, course_id=builders.create_course(session).id, now=now)
        erase_person(session, SYSTEM_PRINCIPAL, person_id=ann.person_id, now=now)
        assert session.scalars(select(CourseDismissal)).all() == []


class TestEnrolling:
    def test_who_assigned_it_sponsors_it(self, session: Session, company: Organization, now: datetime) -> None:
        person = builders.create_person(session)
        builders.create_membership(session, person, company)
        course = builders.create_course(session, pricing_model=PricingModel.EMPLOYER_PAID)
        free = builders.create_course(session)
        builders.create_assignment(session, company, course, (person,))
        herself = principal_of(person, company)
        sponsored = service.enroll_in_recommended(session, herself, course_id=course.id, now=now)
        own_account = service.enroll_in_recommended(session, herself, course_id=free.id, now=now)
        assert (sponsored.organization_id, own_account.organization_id) == (company.id, None)
