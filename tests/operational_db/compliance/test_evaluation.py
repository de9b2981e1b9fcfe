"""Who has to have what, who has it, and since when it is owed, from facts in the tables."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from operational_db.compliance.evaluation import RequiredSource, RequiredTraining, required_trainings
from operational_db.compliance.facts import load_facts
from operational_db.tables.identity import Organization, Person
from operational_db.types import EnrollmentStatus, Role, TrainingStatus, VerificationStatus
from tests import builders

TODAY = date(2026, 11, 2)
DAY = timedelta(days=1)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def organization(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def person(session: Session, organization: Organization) -> Person:
    person = builders.create_person(session)
    builders.create_membership(session, person, organization, started_on=date(2026, 1, 1))
    return person


def rows_of(session: Session, organization: Organization, on: date = TODAY) -> list[RequiredTraining]:
    return required_trainings(load_facts(session, organization.id), on=on)


def only(session: Session, organization: Organization, on: date = TODAY) -> RequiredTraining:
    (row,) = rows_of(session, organization, on)
    return row


@pytest.mark.requirement("CMP-03")
class TestRequirement:
    def test_of_a_certification_is_met_while_a_certificate_counts(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        certification = builders.create_certification(session)
        builders.create_requirement(session, organization, certification=certification, due_within_days=30)
        builders.create_certificate(
            session, person, certification, issued_on=date(2026, 3, 10), expires_on=date(2026, 10, 10)
        )
        seen = {
            on: (row.status, row.due_on)
            for on in (
                date(2026, 1, 31),
                date(2026, 2, 1),
                date(2026, 3, 9),
                date(2026, 3, 10),
                date(2026, 10, 10),
                date(2026, 10, 11),
                date(2026, 10, 12),
            )
            if (row := only(session, organization, on))
        }
        due, lapsed = date(2026, 1, 31), date(2026, 10, 11)
        assert seen == {
            date(2026, 1, 31): (TrainingStatus.PENDING, due),
            date(2026, 2, 1): (TrainingStatus.OVERDUE, due),
            date(2026, 3, 9): (TrainingStatus.OVERDUE, due),
            date(2026, 3, 10): (TrainingStatus.COMPLETED, due),
            date(2026, 10, 10): (TrainingStatus.COMPLETED, due),
            date(2026, 10, 11): (TrainingStatus.PENDING, lapsed),
            date(2026, 10, 12): (TrainingStatus.OVERDUE, lapsed),
        }

    def test_names_the_evidence_that_lasts_longest(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        certification = builders.create_certification(session)
        builders.create_requirement(session, organization, certification=certification)
        for issued_on, expires_on in [
            (date(2026, 1, 1), date(2026, 12, 31)),
            (date(2026, 6, 1), date(2027, 6, 1)),
            (date(2024, 6, 1), date(2025, 6, 1)),
        ]:
            builders.create_certificate(session, person, certification, issued_on=issued_on, expires_on=expires_on)
        row = only(session, organization)
        assert (row.completed_on, row.valid_until) == (date(2026, 6, 1), date(2027, 6, 1))
        assert row.certification_id == certification.id

    @pytest.mark.parametrize(
        "state",
        [
            {"verification_status": VerificationStatus.UNVERIFIED},
            {"withdrawn_at": at(TODAY)},
            {"revoked_at": at(TODAY), "revoked_from": TODAY},
            {"issued_on": TODAY + DAY},
        ],
    )
    def test_is_not_met_by_what_does_not_count(
        self, session: Session, organization: Organization, person: Person, state: dict[str, object]
    ) -> None:
        certification = builders.create_certification(session)
        builders.create_requirement(session, organization, certification=certification)
        builders.create_certificate(session, person, certification, **state)
        assert only(session, organization).status is not TrainingStatus.COMPLETED

    def test_a_revocation_makes_it_owed_from_its_first_day(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        certification = builders.create_certification(session)
        builders.create_requirement(session, organization, certification=certification)
        builders.create_certificate(session, person, certification, revoked_at=at(TODAY), revoked_from=date(2026, 9, 1))
        assert only(session, organization, date(2026, 8, 31)).status is TrainingStatus.COMPLETED
        row = only(session, organization)
        assert (row.status, row.due_on) == (TrainingStatus.OVERDUE, date(2026, 9, 1))

    def test_of_a_course_is_met_by_completing_it_for_good(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        course = builders.create_course(session)
        builders.create_requirement(session, organization, course=course, due_within_days=400)
        enrollment = builders.create_enrollment(session, person, course, enrolled_at=at(date(2026, 5, 1)))
        assert only(session, organization, date(2026, 4, 30)).status is TrainingStatus.PENDING
        assert only(session, organization).status is TrainingStatus.IN_PROGRESS
        enrollment.status, enrollment.ended_at = EnrollmentStatus.COMPLETED, at(date(2026, 6, 1))
        session.flush()
        assert only(session, organization, date(2026, 5, 31)).status is TrainingStatus.IN_PROGRESS
        row = only(session, organization, date(2026, 6, 1))
        assert (row.status, row.completed_on, row.valid_until) == (TrainingStatus.COMPLETED, date(2026, 6, 1), None)

    @pytest.mark.parametrize("end", [EnrollmentStatus.DROPPED, EnrollmentStatus.FAILED])
    def test_of_a_course_is_not_met_by_leaving_it(
        self, session: Session, organization: Organization, person: Person, end: EnrollmentStatus
    ) -> None:
        course = builders.create_course(session)
        builders.create_requirement(session, organization, course=course, due_within_days=400)
        builders.create_enrollment(session, person, course, status=end, ended_at=at(date(2026, 6, 1)))
        assert only(session, organization).status is TrainingStatus.PENDING

    def test_of_a_course_that_leads_to_a_certification_needs_the_certificate(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        certification = builders.create_certification(session)
        course = builders.create_course(session, certification=certification)
        builders.create_requirement(session, organization, course=course)
        builders.create_enrollment(
            session, person, course, status=EnrollmentStatus.COMPLETED, ended_at=at(date(2026, 2, 1))
        )
        assert only(session, organization).status is TrainingStatus.OVERDUE
        builders.create_certificate(session, person, certification)
        assert only(session, organization).status is TrainingStatus.COMPLETED

    def test_of_a_certification_is_in_progress_in_any_course_leading_to_it(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        certification = builders.create_certification(session)
        builders.create_requirement(session, organization, certification=certification, due_within_days=400)
        course = builders.create_course(session, certification=certification)
        builders.create_enrollment(session, person, course, enrolled_at=at(TODAY))
        assert only(session, organization, TODAY - DAY).status is TrainingStatus.PENDING
        assert only(session, organization).status is TrainingStatus.IN_PROGRESS

    def test_holds_from_its_first_day_until_the_day_it_ends(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        builders.create_requirement(session, organization, effective_from=date(2026, 4, 1), ended_on=date(2026, 6, 1))
        counts = {
            on: len(rows_of(session, organization, on))
            for on in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 5, 31), date(2026, 6, 1))
        }
        assert list(counts.values()) == [0, 1, 1, 0]

    def test_reaches_members_from_joining_until_leaving(self, session: Session, organization: Organization) -> None:
        builders.create_membership(
            session, organization=organization, started_on=date(2026, 4, 1), ended_on=date(2026, 6, 1)
        )
        builders.create_requirement(session, organization)
        days = (date(2026, 3, 31), date(2026, 4, 1), date(2026, 5, 31), date(2026, 6, 1))
        assert [len(rows_of(session, organization, on)) for on in days] == [0, 1, 1, 0]

    def test_reaches_its_role_and_team_only(self, session: Session, organization: Organization) -> None:
        team, other_team = builders.create_team(session, organization), builders.create_team(session, organization)
        wanted = builders.create_membership(session, role=Role.SUPERVISOR, team=team)
        builders.create_membership(session, role=Role.SUPERVISOR, team=other_team)
        builders.create_membership(session, role=Role.TECHNICIAN, team=team)
        builders.create_membership(session, organization=organization, role=Role.SUPERVISOR)
        builders.create_requirement(session, organization, role=Role.SUPERVISOR, team_id=team.id)
        row = only(session, organization)
        assert (row.person_id, row.team_id, row.role) == (wanted.person_id, team.id, Role.SUPERVISOR)

    def test_counts_a_person_with_two_roles_once_from_the_first(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        builders.create_membership(session, person, organization, Role.MENTOR, started_on=date(2026, 9, 1))
        builders.create_requirement(session, organization, due_within_days=30)
        assert only(session, organization).due_on == date(2026, 1, 31)

    def test_an_auditor_owes_nothing(self, session: Session, organization: Organization) -> None:
        builders.create_membership(session, organization=organization, role=Role.AUDITOR)
        builders.create_requirement(session, organization)
        assert rows_of(session, organization) == []

    def test_an_exemption_holds_from_its_first_through_its_last_day(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        builders.create_exemption(session, person, requirement, starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31))
        days = (date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1))
        assert [only(session, organization, on).status for on in days] == [
            TrainingStatus.OVERDUE,
            TrainingStatus.EXEMPTED,
            TrainingStatus.EXEMPTED,
            TrainingStatus.OVERDUE,
        ]

    def test_an_exemption_taken_back_ends_that_day(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        requirement = builders.create_requirement(session, organization)
        builders.create_exemption(session, person, requirement, ended_at=at(TODAY))
        assert only(session, organization, TODAY - DAY).status is TrainingStatus.EXEMPTED
        assert only(session, organization).status is TrainingStatus.OVERDUE


@pytest.mark.requirement("CMP-01", "CMP-03")
class TestAssignment:
    def test_is_met_by_completing_the_course_since(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        course = builders.create_course(session)
        assigned_at = at(date(2026, 7, 1))
        builders.create_assignment(
            session, organization, course, (person,), assigned_at=assigned_at, due_on=date(2026, 8, 1)
        )
        builders.create_enrollment(
            session, person, course, status=EnrollmentStatus.COMPLETED, ended_at=assigned_at - timedelta(seconds=1)
        )
        assert only(session, organization, date(2026, 8, 1)).status is TrainingStatus.PENDING
        assert only(session, organization, date(2026, 8, 2)).status is TrainingStatus.OVERDUE
        builders.create_enrollment(
            session, person, course, cycle_number=2, status=EnrollmentStatus.COMPLETED, ended_at=assigned_at
        )
        row = only(session, organization)
        assert (row.source, row.status, row.completed_on) == (
            RequiredSource.ASSIGNMENT,
            TrainingStatus.COMPLETED,
            date(2026, 7, 1),
        )

    def test_is_met_by_an_earlier_completion_while_its_certificate_counts(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        certification = builders.create_certification(session)
        course = builders.create_course(session, certification=certification)
        builders.create_assignment(session, organization, course, (person,), assigned_at=at(date(2026, 7, 1)))
        builders.create_enrollment(
            session, person, course, status=EnrollmentStatus.COMPLETED, ended_at=at(date(2026, 5, 1))
        )
        builders.create_certificate(
            session, person, certification, issued_on=date(2026, 5, 1), expires_on=date(2026, 10, 1)
        )
        assert only(session, organization, date(2026, 10, 1)).status is TrainingStatus.COMPLETED
        assert only(session, organization, date(2026, 10, 2)).status is TrainingStatus.PENDING

    @pytest.mark.parametrize(
        ("final_score", "is_met"), [(None, False), (Decimal("79.99"), False), (Decimal(80), True), (Decimal(81), True)]
    )
    def test_with_a_minimum_score_needs_it(
        self,
        session: Session,
        organization: Organization,
        person: Person,
        final_score: Decimal | None,
        is_met: bool,
    ) -> None:
        course = builders.create_course(session)
        builders.create_assignment(session, organization, course, (person,), minimum_score=Decimal(80))
        builders.create_enrollment(
            session,
            person,
            course,
            status=EnrollmentStatus.COMPLETED,
            ended_at=at(date(2026, 5, 1)),
            final_score=final_score,
        )
        assert (only(session, organization).status is TrainingStatus.COMPLETED) is is_met

    def test_counts_only_when_mandatory_open_and_of_its_own(
        self, session: Session, organization: Organization, person: Person
    ) -> None:
        course = builders.create_course(session)
        requirement = builders.create_requirement(session, organization, course=course)
        builders.create_assignment(session, organization, course, (person,), is_mandatory=False)
        builders.create_assignment(session, organization, course, (person,), requirement_id=requirement.id)
        builders.create_assignment(session, organization, course, (person,), assigned_at=at(TODAY + DAY))
        builders.create_assignment(session, builders.create_organization(session), course, (person,))
        assert [row.source for row in rows_of(session, organization)] == [RequiredSource.REQUIREMENT]

    def test_does_not_count_for_people_who_left(self, session: Session, organization: Organization) -> None:
        membership = builders.create_membership(session, organization=organization, ended_on=TODAY)
        leaver = session.get_one(Person, membership.person_id)
        builders.create_assignment(session, organization, people=(leaver,))
        assert len(rows_of(session, organization, TODAY - DAY)) == 1
        assert rows_of(session, organization) == []
