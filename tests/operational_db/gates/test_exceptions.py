"""Who has access and lacks the training, and why; and one call that assigns what is missing."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError
from operational_db.gates import waivers
from operational_db.gates.access_views import AccessException, ExceptionReason
from operational_db.gates.exceptions import assign_missing, exceptions_of
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import end_membership
from operational_db.proficiency.rules import SUPERSEDED_REASON
from operational_db.proficiency.service import revoke_evidence
from operational_db.tables.compliance import TrainingAssignment
from operational_db.tables.content import Lesson
from operational_db.tables.gates import AccessGrant, LessonAssignment
from operational_db.tables.identity import Membership
from operational_db.types import GateMode, LessonType, ProficiencyLevel, Role
from tests import builders
from tests.operational_db.gates.gate_people import ACTION, Company
from tests.operational_db.principals import body_of, create_manager, create_member, events_about


@pytest.fixture
def company(session: Session, now: datetime) -> Company:
    manager, organization = create_manager(session)
    return Company(session, manager, organization, now)


def listed(company: Company) -> dict[object, AccessException]:
    found = exceptions_of(company.session, company.manager, company.organization.id, now=company.now)
    return {each.person_id: each for each in found}


class TestExceptions:
    @pytest.mark.requirement("EMB-15")
    def test_each_reason_with_the_day_it_began(self, company: Company, now: datetime) -> None:
        company.rule()
        trained, never, lapsed, superseded, waived = (company.member() for _ in range(5))
        company.member(has_access=False)
        company.prove(trained, days_ago=10)
        company.prove(lapsed, days_ago=400)
        evidence = company.prove(superseded, days_ago=30)
        yesterday = now.date() - timedelta(days=1)
        revoke_evidence(
            company.session,
            SYSTEM_PRINCIPAL,
            evidence_id=evidence[0],
            revoked_from=yesterday,
            reason=SUPERSEDED_REASON,
            now=now - timedelta(days=5),
        )
        waivers.grant_waiver(
            company.session,
            company.manager,
            organization_id=company.organization.id,
            person_id=waived,
            action=ACTION,
            reason="Covers for a colleague.",
            ends_on=date(2026, 11, 20),
            now=now,
        )
        found = listed(company)
        assert {person: each.reason for person, each in found.items()} == {
            never: ExceptionReason.NEVER_TRAINED,
            lapsed: ExceptionReason.LAPSED,
            superseded: ExceptionReason.SUPERSEDED_VERSION,
            waived: ExceptionReason.WAIVED,
        }
        # Nobody lacked the training for an action before having the access.
        assert {each.since for each in found.values()} == {now.date()}
        assert found[waived].waived_until == date(2026, 11, 20)
        assert found[never].missing == ("scope:data-export",)

    def test_since_when_is_the_day_after_the_training_ended(self, company: Company) -> None:
        company.rule()
        lapsed = company.member()
        company.prove(lapsed, days_ago=400)
        access = company.session.scalars(select(AccessGrant).where(AccessGrant.person_id == lapsed)).one()
        access.granted_on = date(2025, 1, 1)
        company.session.flush()
        # Reached on 2025-09-28, within 12 months through 2026-09-28.
        assert listed(company)[lapsed].since == date(2026, 9, 29)

    def test_who_left_and_kept_the_access_is_told_apart(self, company: Company, now: datetime) -> None:
        company.rule()
        leaver = company.member()
        company.prove(leaver, days_ago=10)
        membership = company.session.scalars(select(Membership).where(Membership.person_id == leaver)).one()
        end_membership(company.session, SYSTEM_PRINCIPAL, membership_id=membership.id, ended_on=now.date(), now=now)
        found = listed(company)[leaver]
        assert (found.reason, found.next_lessons) == (ExceptionReason.NO_LONGER_MEMBER, ())

    def test_without_a_rule_nothing_is_asked_and_a_dry_run_counts_as_enforced(self, company: Company) -> None:
        person = company.member()
        assert listed(company) == {}
        company.rule(mode=GateMode.DRY_RUN)
        assert listed(company)[person].reason is ExceptionReason.NEVER_TRAINED

    def test_enrolling_is_no_training(self, company: Company) -> None:
        company.rule()
        person = company.member()
        company.prove(person, days_ago=3, level=ProficiencyLevel.ENROLLED)
        assert listed(company)[person].reason is ExceptionReason.NEVER_TRAINED

    @pytest.mark.parametrize("role", list(Role))
    def test_seen_by_those_who_may_see_gates(self, session: Session, now: datetime, role: Role) -> None:
        organization = builders.create_organization(session)
        caller = create_member(session, organization, role)
        if role in {Role.SUPERVISOR, Role.COMPANY_MANAGER, Role.AUDITOR, Role.PLATFORM_ADMIN}:
            assert exceptions_of(session, caller, organization.id, now=now) == []
        else:
            with pytest.raises(NotAuthorizedError):
                exceptions_of(session, caller, organization.id, now=now)


class TestAssignMissing:
    @pytest.mark.requirement("EMB-15")
    def test_one_call_assigns_and_the_next_one_nothing(self, company: Company, now: datetime) -> None:
        company.rule()
        lesson = company.lesson()
        first, second, trained = (company.member() for _ in range(3))
        company.prove(trained, days_ago=1)
        made = assign_missing(company.session, company.manager, organization_id=company.organization.id, now=now)
        assert {(each.person_id, each.lesson_id) for each in made.assigned} == {
            (first, lesson.id),
            (second, lesson.id),
        }
        event = next(event for event in events_about(company.session, first) if event.kind == "lesson.assigned")
        assert body_of(event)["due_on"] == "2026-11-16"
        assert all(each.is_assigned for each in listed(company).values())
        again = assign_missing(company.session, company.manager, organization_id=company.organization.id, now=now)
        assert again.assigned == ()
        assert set(again.already_assigned_ids) == {first, second}

    def test_what_was_learned_since_is_no_longer_to_do(self, company: Company, now: datetime) -> None:
        company.rule()
        lesson = company.lesson()
        person = company.member()
        assign_missing(company.session, company.manager, organization_id=company.organization.id, now=now)
        later = Company(company.session, company.manager, company.organization, now + timedelta(days=400))
        later.prove(person, days_ago=390, lesson=lesson)
        lapsed = listed(later)[person]
        assert (lapsed.reason, lapsed.is_assigned) == (ExceptionReason.LAPSED, False)
        made = assign_missing(company.session, company.manager, organization_id=company.organization.id, now=later.now)
        assert [each.person_id for each in made.assigned] == [person]

    def test_a_lesson_that_is_a_course_is_assigned_as_training(self, company: Company, now: datetime) -> None:
        company.rule()
        lesson = company.lesson()
        course = builders.create_course(company.session)
        company.session.get_one(Lesson, lesson.id).lesson_type = LessonType.COURSE
        lesson.course_id = course.id
        company.session.flush()
        person = company.member()
        for count in (1, 0):
            made = assign_missing(company.session, company.manager, organization_id=company.organization.id, now=now)
            assert len(made.assigned) == count
        assignment = company.session.scalars(
            select(TrainingAssignment).where(TrainingAssignment.person_id == person)
        ).one()
        assert (assignment.course_id, assignment.due_on) == (course.id, date(2026, 11, 16))
        assert company.session.scalars(select(LessonAssignment)).all() == []

    def test_whom_no_lesson_helps_is_named(self, company: Company, now: datetime) -> None:
        company.rule()
        person = company.member()
        made = assign_missing(company.session, company.manager, organization_id=company.organization.id, now=now)
        assert (made.assigned, made.without_lesson_ids) == ((), (person,))

    def test_only_the_people_asked_for_and_no_past_day(self, company: Company, now: datetime) -> None:
        company.rule()
        company.lesson()
        first, _ = company.member(), company.member()
        with pytest.raises(InvalidInputError):
            assign_missing(
                company.session,
                company.manager,
                organization_id=company.organization.id,
                due_on=now.date() - timedelta(days=1),
                now=now,
            )
        made = assign_missing(
            company.session, company.manager, organization_id=company.organization.id, person_ids=[first], now=now
        )
        assert [each.person_id for each in made.assigned] == [first]

    @pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.TECHNICIAN])
    def test_only_who_may_assign(self, company: Company, now: datetime, role: Role) -> None:
        caller = create_member(company.session, company.organization, role)
        with pytest.raises(NotAuthorizedError):
            assign_missing(company.session, caller, organization_id=company.organization.id, now=now)
