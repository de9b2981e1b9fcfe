"""Recording, revoking and asking, with tracks, courses and the training still to do, on a real database."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from operational_db.errors import GateDeniedError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates.rules import Requirement
from operational_db.gates.service import decide_gate, set_gate_rule
from operational_db.gates.shipped import install_platform_rules
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.learning.service import complete_module, enroll, record_attempt
from operational_db.proficiency import service
from operational_db.proficiency.rules import CertificationReason, CertifiedAnswer, ScopeRuleTerms, default_terms
from operational_db.proficiency.training import TrainingGap, training_for_gaps
from operational_db.proficiency.views import RequiredTraining, TrainingReason
from operational_db.tables.catalog import Course, CourseAssessment
from operational_db.tables.content import Lesson, LessonAttempt, LessonVersion
from operational_db.tables.gates import ProficiencyEvidence, TrackLesson, TrainingTrack
from operational_db.tables.identity import Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import (
    GateMode,
    LessonStatus,
    LessonType,
    Persona,
    ProficiencyLevel,
    Role,
    TrackTier,
    ValidityBasis,
    new_id,
)
from tests import builders
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, kinds_about

COMPLETED, PROFICIENT, CERTIFIED = (
    ProficiencyLevel.COMPLETED,
    ProficiencyLevel.PROFICIENT,
    ProficiencyLevel.CERTIFIED,
)
YEAR = timedelta(days=365)


def create_lesson(
    session: Session,
    code: str,
    *scopes: str,
    lesson_type: LessonType = LessonType.QUIZ,
    minutes: int = 5,
    organization: Organization | None = None,
    course: Course | None = None,
    status: LessonStatus = LessonStatus.PUBLISHED,
) -> Lesson:
    lesson = Lesson(
        organization_id=None if organization is None else organization.id, code=code, title=code,
        lesson_type=lesson_type, course_id=None if course is None else course.id,
    )  # fmt: skip
    session.add(lesson)
    session.flush()
    session.add(
        LessonVersion(
            lesson_id=lesson.id, version="1.0.0", status=status, duration_minutes=Decimal(minutes), body={},
            scope_tags=list(scopes),
        )
    )  # fmt: skip
    session.flush()
    return lesson


def create_track(
    session: Session, tier: TrackTier, *lessons: Lesson, optional: tuple[Lesson, ...] = ()
) -> TrainingTrack:
    track = TrainingTrack(persona=Persona.OPERATIONS, tier=tier, title=f"Operations {tier}")
    session.add(track)
    session.flush()
    for index, lesson in enumerate((*lessons, *optional)):
        session.add(
            TrackLesson(track_id=track.id, lesson_id=lesson.id, order_index=index, is_required=lesson not in optional)
        )
    session.flush()
    return track


def passes(
    session: Session,
    person_id: UUID,
    lesson: Lesson,
    *scopes: str,
    now: datetime,
    level: ProficiencyLevel | None = None,
    organization: Organization | None = None,
    attempt_id: UUID | None = None,
) -> list[ProficiencyEvidence]:
    is_simulation = lesson.lesson_type is LessonType.SIMULATION
    return service.record_evidence(
        session, person_id=person_id, organization_id=None if organization is None else organization.id,
        scopes=scopes, lesson_id=lesson.id, lesson_version="1.0.0", attempt_id=attempt_id, attempt_number=2,
        score=Decimal("87.5"), persona=Persona.ENGINEER,
        level=level or (PROFICIENT if is_simulation else COMPLETED), achieved_at=now, now=now,
    )  # fmt: skip


def summary(rows: list[ProficiencyEvidence]) -> list[tuple[str, str, date | None]]:
    return [("track" if row.scope is None else row.scope, str(row.level), row.expires_on) for row in rows]


def certified(session: Session, principal: Principal, at: datetime, known: datetime | None = None) -> CertifiedAnswer:
    return service.is_certified(
        session, principal, scope="data-export", person_id=principal.person_id, at=at, as_known_at=known or at
    )


@pytest.fixture
def member(session: Session) -> Principal:
    return create_member(session, builders.create_organization(session))


class TestRecord:
    @pytest.mark.requirement("EMB-03", "EMB-04", "EMB-05")
    def test_a_passed_quiz_completes_and_certifies_every_scope_and_the_ledger_has_it_all(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        lesson = create_lesson(session, "EXPORT", "data-export", "pii")
        rows = passes(session, member.person_id, lesson, "data-export", "pii", now=now)
        last = date(2027, 11, 2)
        assert summary(rows) == [
            ("data-export", "completed", None), ("data-export", "certified", last),
            ("pii", "completed", None), ("pii", "certified", last),
        ]  # fmt: skip
        bodies = [body_of(event) for event in events_about(session, member.person_id)]
        assert [event.kind for event in events_about(session, member.person_id)] == ["proficiency.reached"] * 4
        assert bodies[1] == {
            "evidence_id": str(rows[1].id), "scope": "data-export", "persona": "engineer", "level": "certified",
            "lesson_id": str(lesson.id), "lesson_version": "1.0.0", "attempt_number": 2, "score": "87.5",
            "expires_on": "2027-11-02",
        }  # fmt: skip

    @pytest.mark.requirement("EMB-03")
    def test_enrolling_is_noted_once_and_certifies_nothing(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        lesson = create_lesson(session, "EXPORT", "data-export")
        first = passes(session, member.person_id, lesson, "data-export", now=now, level=ProficiencyLevel.ENROLLED)
        assert summary(first) == [("data-export", "enrolled", None)]
        assert passes(session, member.person_id, lesson, "data-export", now=now, level=ProficiencyLevel.ENROLLED) == []
        assert certified(session, member, now).reason is CertificationReason.NEVER_TRAINED

    @pytest.mark.requirement("EMB-04")
    def test_a_scope_may_certify_the_proficient_only_and_keep_anniversaries(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        terms = ScopeRuleTerms(
            "data-export", certified_at_level=PROFICIENT, validity_basis=ValidityBasis.PREVIOUS_EXPIRY,
            validity_months=6, renewal_window_days=30,
        )  # fmt: skip
        service.set_scope_rule(session, SYSTEM_PRINCIPAL, organization_id=None, terms=terms, now=now)
        quiz = create_lesson(session, "QUIZ", "data-export")
        simulation = create_lesson(session, "SIM", "data-export", lesson_type=LessonType.SIMULATION)
        assert summary(passes(session, member.person_id, quiz, "data-export", now=now)) == [
            ("data-export", "completed", None)
        ]
        first = passes(session, member.person_id, simulation, "data-export", now=now)
        assert summary(first)[1] == ("data-export", "certified", date(2027, 5, 2))
        early = now.replace(year=2027, month=4, day=10)
        renewed = passes(session, member.person_id, simulation, "data-export", now=early)
        assert summary(renewed)[1] == ("data-export", "certified", date(2027, 11, 2))

    def test_the_rule_of_the_day_and_of_the_organization_counts(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        install_platform_rules(session, now=now)
        for months, first_day in ((3, None), (1, now.date() + timedelta(days=1))):
            terms = ScopeRuleTerms("data-export", validity_months=months)
            rule = service.set_scope_rule(
                session, manager, organization_id=organization.id, terms=terms, effective_from=first_day, now=now
            )
        assert rule.version == 2
        lesson = create_lesson(session, "EXPORT", "data-export")
        elsewhere = builders.create_person(session)
        ours = passes(session, manager.person_id, lesson, "data-export", now=now, organization=organization)
        theirs = passes(session, elsewhere.id, lesson, "data-export", now=now)
        assert (ours[1].expires_on, theirs[1].expires_on) == (date(2027, 2, 2), date(2027, 11, 2))

    def test_the_same_attempt_twice_is_one(self, session: Session, member: Principal, now: datetime) -> None:
        lesson = create_lesson(session, "EXPORT", "data-export")
        attempt_id = _attempt(session, lesson, member.person_id, now)
        first = passes(session, member.person_id, lesson, "data-export", now=now, attempt_id=attempt_id)
        again = passes(session, member.person_id, lesson, "data-export", now=now, attempt_id=attempt_id)
        assert [row.id for row in again] == [row.id for row in first]
        assert kinds_about(session, member.person_id) == ["proficiency.reached"] * 2

    def test_nothing_is_recorded_ahead_or_of_nobody(self, session: Session, member: Principal, now: datetime) -> None:
        lesson = create_lesson(session, "EXPORT", "data-export")
        with pytest.raises(InvalidInputError):
            service.record_evidence(
                session, person_id=member.person_id, organization_id=None, scopes=["data-export"],
                lesson_id=lesson.id, lesson_version=None, level=COMPLETED, achieved_at=now + timedelta(seconds=1),
                now=now,
            )  # fmt: skip
        with pytest.raises(NotFoundError):
            passes(session, new_id(), lesson, "data-export", now=now)


@pytest.mark.requirement("EMB-02", "EMB-03")
class TestTracks:
    def test_the_last_required_lesson_completes_it_and_a_simulation_makes_proficient(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        one, two = create_lesson(session, "ONE", "prod-change"), create_lesson(session, "TWO")
        simulation = create_lesson(session, "SIM", lesson_type=LessonType.SIMULATION)
        create_track(session, TrackTier.CORE, one, two, optional=(simulation,))
        assert "track" not in {
            each[0] for each in summary(passes(session, member.person_id, one, "prod-change", now=now))
        }
        _attempt(session, two, member.person_id, now)
        completed = passes(session, member.person_id, two, now=now)
        assert summary(completed) == [("track", "completed", None), ("track", "certified", date(2027, 11, 2))]
        assert {row.persona for row in completed} == {Persona.OPERATIONS}
        later = now + timedelta(days=30)
        proficient = passes(session, member.person_id, simulation, now=later)
        assert summary(proficient)[0] == ("track", "proficient", None)

    def test_it_is_reached_again_only_when_all_of_it_is_taken_again(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        one, two = create_lesson(session, "ONE", "a"), create_lesson(session, "TWO", "b")
        track = create_track(session, TrackTier.CORE, one, two)
        for lesson, scope, at in ((one, "a", now), (two, "b", now), (one, "a", now + YEAR)):
            rows = passes(session, member.person_id, lesson, scope, now=at)
        assert "track" not in {each[0] for each in summary(rows)}
        again = passes(session, member.person_id, two, "b", now=now + YEAR + timedelta(days=1))
        assert summary(again)[-2:] == [("track", "completed", None), ("track", "certified", date(2028, 11, 3))]
        statement = select(ProficiencyEvidence).where(ProficiencyEvidence.track_id == track.id)
        assert len(session.scalars(statement).all()) == 4


class TestCourse:
    @pytest.mark.requirement("EMB-03")
    @pytest.mark.parametrize(("score", "count"), [(80, 2), (79, 0)])
    def test_a_finished_course_completes_at_80_percent_of_its_own_threshold(
        self, session: Session, member: Principal, now: datetime, score: int, count: int
    ) -> None:
        course = builders.create_course(session, module_count=1, assessment_count=1)
        create_lesson(session, "COURSE", "data-export", lesson_type=LessonType.COURSE, course=course)
        enrollment = enroll(session, member, person_id=member.person_id, course_id=course.id, now=now)
        (assessment_id,) = _assessment_ids(session, course)
        assert enrollment.current_module_id is not None
        complete_module(session, member, enrollment_id=enrollment.id, module_id=enrollment.current_module_id, now=now)
        record_attempt(
            session, SYSTEM_PRINCIPAL, enrollment_id=enrollment.id, assessment_id=assessment_id,
            score=Decimal(score), now=now,
        )  # fmt: skip
        assert enrollment.status == "completed"
        assert kinds_about(session, member.person_id).count("proficiency.reached") == count
        assert certified(session, member, now).is_certified is (count > 0)


class TestRevoke:
    @pytest.mark.requirement("EMB-07")
    def test_the_past_is_told_as_known_then_and_as_known_now(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        lesson = create_lesson(session, "EXPORT", "data-export", "pii")
        rows = passes(session, member.person_id, lesson, "data-export", "pii", now=now)
        learned, then = now + timedelta(days=60), now + timedelta(days=30)
        service.revoke_evidence(
            session, SYSTEM_PRINCIPAL, evidence_id=rows[0].id, revoked_from=now.date() + timedelta(days=10),
            reason="Answers were shared.", now=learned,
        )  # fmt: skip
        assert certified(session, member, then).is_certified
        assert certified(session, member, then, learned).reason is CertificationReason.REVOKED
        assert certified(session, member, now + timedelta(days=9), learned).is_certified
        assert {row.revoked_at for row in rows} == {learned}
        assert kinds_about(session, member.person_id).count("proficiency.revoked") == 4

    def test_a_revocation_that_reaches_further_back_leaves_what_was_known_before_it(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        """The same two instants get the same answer, however much was learned since."""
        row = passes(
            session, member.person_id, create_lesson(session, "EXPORT", "data-export"), "data-export", now=now
        )[0]
        first, second = now + timedelta(days=40), now + timedelta(days=60)
        asked = [(then, known) for then in (10, 25, 35) for known in (39, 40, 50, 59)]

        def answers() -> list[tuple[bool, CertificationReason]]:
            found = [certified(session, member, *(now + timedelta(days=day) for day in each)) for each in asked]
            return [(each.is_certified, each.reason) for each in found]

        for learned, days in ((first, 30), (second, 20)):
            before = answers()
            service.revoke_evidence(
                session, SYSTEM_PRINCIPAL, evidence_id=row.id, revoked_from=now.date() + timedelta(days=days),
                reason="Shared.", now=learned,
            )  # fmt: skip
            if learned == second:
                assert answers() == before
        assert certified(session, member, now + timedelta(days=25), first).is_certified
        assert not certified(session, member, now + timedelta(days=25), second).is_certified
        assert not certified(session, member, now + timedelta(days=35), first).is_certified

    def test_tracks_reached_with_it_go_too_and_come_back_with_the_one_lesson(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        one, two = create_lesson(session, "ONE", "a"), create_lesson(session, "TWO", "b")
        create_track(session, TrackTier.CORE, one, two)
        first = passes(session, member.person_id, one, "a", now=now)
        rows = passes(session, member.person_id, two, "b", now=now + timedelta(days=1))
        later = now + timedelta(days=2)
        service.revoke_evidence(
            session, SYSTEM_PRINCIPAL, evidence_id=first[0].id, revoked_from=now.date(), reason="Shared.", now=later
        )
        assert [row.revoked_at for row in rows] == [None, None, later, later]
        again = passes(session, member.person_id, one, "a", now=later)
        assert summary(again)[-2][:2] == ("track", "completed")

    def test_said_again_it_changes_nothing(self, session: Session, member: Principal, now: datetime) -> None:
        (row, *_) = passes(
            session, member.person_id, create_lesson(session, "E", "data-export"), "data-export", now=now
        )
        for _ in range(2):
            service.revoke_evidence(
                session, SYSTEM_PRINCIPAL, evidence_id=row.id, revoked_from=now.date(), reason="x", now=now
            )
        assert kinds_about(session, member.person_id).count("proficiency.revoked") == 2

    def test_only_managers_of_the_organization_it_was_earned_in_may(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        outsider, _ = create_manager(session)
        colleague = create_member(session, organization)
        lesson = create_lesson(session, "E", "data-export")
        (row, *_) = passes(session, colleague.person_id, lesson, "data-export", now=now, organization=organization)
        for principal, error in ((outsider, NotFoundError), (colleague, NotAuthorizedError)):
            with pytest.raises(error):
                service.revoke_evidence(
                    session, principal, evidence_id=row.id, revoked_from=now.date(), reason="x", now=now
                )
        with pytest.raises(InvalidInputError):
            service.revoke_evidence(session, manager, evidence_id=row.id, revoked_from=now.date(), reason=" ", now=now)
        with pytest.raises(NotFoundError):
            service.revoke_evidence(
                session, manager, evidence_id=new_id(), revoked_from=now.date(), reason="x", now=now
            )
        service.revoke_evidence(session, manager, evidence_id=row.id, revoked_from=now.date(), reason="x", now=now)
        assert row.revocation_reason == "x"


@pytest.mark.requirement("EMB-07")
class TestWhoMaySee:
    def test_herself_her_managers_and_auditors_and_nobody_else(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        member = create_member(session, organization)
        auditor = create_member(session, organization, Role.AUDITOR)
        colleague, (outsider, other) = create_member(session, organization), create_manager(session)

        def asked_by(principal: Principal, organization_id: UUID | None = None) -> CertifiedAnswer:
            return service.is_certified(
                session, principal, scope="x", person_id=member.person_id, at=now, as_known_at=now,
                organization_id=organization_id,
            )  # fmt: skip

        for principal in (member, manager, auditor, SYSTEM_PRINCIPAL):
            assert asked_by(principal, organization.id).reason is CertificationReason.NEVER_TRAINED
            assert not asked_by(principal).is_certified
        for principal, organization_id in (
            (colleague, None),
            (outsider, None),
            (outsider, other.id),
            (manager, other.id),
        ):
            with pytest.raises(NotFoundError):
                asked_by(principal, organization_id)
        with pytest.raises(NotFoundError):
            service.is_certified(session, SYSTEM_PRINCIPAL, scope="x", person_id=new_id(), at=now, as_known_at=now)

    def test_only_who_manages_gates_sets_scope_rules(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        outsider, _ = create_manager(session)
        for principal, owner in ((outsider, organization.id), (manager, None)):
            with pytest.raises(NotAuthorizedError):
                service.set_scope_rule(session, principal, organization_id=owner, terms=default_terms("pii"), now=now)
        with pytest.raises(InvalidInputError):
            service.set_scope_rule(
                session, manager, organization_id=organization.id, terms=default_terms("pii"),
                effective_from=now.date() - timedelta(days=1), now=now,
            )  # fmt: skip

    def test_terms_are_changed_behind_a_gate_and_stand_in_the_ledger(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        set_gate_rule(
            session, SYSTEM_PRINCIPAL, organization_id=organization.id, action="rule-change",
            requirements=[Requirement(COMPLETED, scope="rule-change", within_days=30)], mode=GateMode.ENFORCE, now=now,
        )  # fmt: skip
        terms = ScopeRuleTerms("data-export", validity_months=6, grace_days=5)
        with pytest.raises(GateDeniedError):
            service.set_scope_rule(session, manager, organization_id=organization.id, terms=terms, now=now)
        passes(
            session, manager.person_id, create_lesson(session, "RULES", "rule-change"), "rule-change", now=now,
            organization=organization,
        )  # fmt: skip
        row = service.set_scope_rule(session, manager, organization_id=organization.id, terms=terms, now=now)
        statement = select(LedgerEvent).where(LedgerEvent.kind == "scope.rule_set")
        body = body_of(session.scalars(statement.where(LedgerEvent.organization_id == organization.id)).one())
        assert (body["rule_id"], body["rule_version"], body["scope"]) == (str(row.id), 1, "data-export")
        assert ScopeRuleTerms(**json.loads(str(body["rule"]))) == terms


@pytest.mark.requirement("EMB-08")
class TestNextTraining:
    def ask(self, session: Session, principal: Principal, now: datetime) -> RequiredTraining:
        (organization_id,) = principal.organization_ids
        return service.next_required_training(
            session, principal, action="act", person_id=principal.person_id, organization_id=organization_id, now=now
        )

    def rule(self, session: Session, principal: Principal, now: datetime, *requirements: Requirement) -> None:
        (organization_id,) = principal.organization_ids
        set_gate_rule(
            session, SYSTEM_PRINCIPAL, organization_id=organization_id, action="act", requirements=requirements,
            mode=GateMode.ENFORCE, now=now,
        )  # fmt: skip

    def test_one_lesson_for_two_scopes_beats_two_and_the_quicker_of_two(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        self.rule(
            session, member, now,
            *(Requirement(COMPLETED, scope=scope, within_months=12) for scope in ("a", "b", "c")),
        )  # fmt: skip
        create_lesson(session, "A", "a", minutes=1)
        both = create_lesson(session, "AB", "a", "b", minutes=9)
        create_lesson(session, "C-SLOW", "c", minutes=5)
        quick = create_lesson(session, "C-QUICK", "c", minutes=4)
        create_lesson(session, "ALL", "a", "b", "c", minutes=2, status=LessonStatus.DRAFT)
        create_lesson(session, "ELSEWHERE", "a", "b", "c", organization=builders.create_organization(session))
        create_lesson(session, "SHOWN", "a", "b", "c", lesson_type=LessonType.WALKTHROUGH)
        training = self.ask(session, member, now)
        assert [step.lesson_id for step in training.lessons] == [both.id, quick.id]
        assert (training.estimated_minutes, training.reason) == (Decimal(13), TrainingReason.LESSONS)

    def test_taking_what_is_named_opens_the_gate(self, session: Session, member: Principal, now: datetime) -> None:
        (organization_id,) = member.organization_ids
        core = [create_lesson(session, "CORE-1", "a"), create_lesson(session, "CORE-2", "b")]
        simulation = create_lesson(session, "SIM", lesson_type=LessonType.SIMULATION, minutes=20)
        slower = create_lesson(session, "SIM-2", lesson_type=LessonType.SIMULATION, minutes=30)
        create_track(session, TrackTier.CORE, *core)
        create_track(session, TrackTier.ADVANCED, core[0], optional=(simulation, slower))
        self.rule(
            session, member, now,
            Requirement(COMPLETED, track="operations/core", within_months=9),
            Requirement(PROFICIENT, track="operations/advanced", within_months=9),
        )  # fmt: skip
        training = self.ask(session, member, now)
        assert {step.lesson_id for step in training.lessons} == {core[0].id, core[1].id, simulation.id}
        assert training.estimated_minutes == Decimal(30)
        by_id = {core[0].id: (core[0], ("a",)), core[1].id: (core[1], ("b",)), simulation.id: (simulation, ())}
        for number, step in enumerate(training.lessons):
            lesson, scopes = by_id[step.lesson_id]
            at = now + timedelta(minutes=number)
            _attempt(session, lesson, member.person_id, at)
            passes(session, member.person_id, lesson, *scopes, now=at)
        later = now + timedelta(hours=1)
        decision = decide_gate(
            session, member, action="act", person_id=member.person_id, organization_id=organization_id, now=later
        )
        assert decision.is_allowed
        assert self.ask(session, member, later).reason is TrainingReason.NOTHING_MISSING

    def test_a_lapsed_window_asks_for_the_whole_track_again(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        core = [create_lesson(session, "CORE-1", "a"), create_lesson(session, "CORE-2", "b")]
        create_track(session, TrackTier.CORE, *core)
        self.rule(session, member, now, Requirement(COMPLETED, track="operations/core", within_months=9))
        for lesson, scope in zip(core, "ab", strict=True):
            passes(session, member.person_id, lesson, scope, now=now)
        assert self.ask(session, member, now).lessons == ()
        later = now + YEAR
        assert len(self.ask(session, member, later).lessons) == 2
        passes(session, member.person_id, core[0], "a", now=later)
        assert [step.lesson_id for step in self.ask(session, member, later).lessons] == [core[1].id]

    def test_many_are_answered_as_one_by_one_with_as_many_queries_as_for_one(
        self, session: Session, member: Principal, now: datetime
    ) -> None:
        """People at different places of a track, of two organizations; who lacks nothing is answered too."""
        (organization_id,) = member.organization_ids
        other = builders.create_organization(session)
        core = [create_lesson(session, f"CORE-{number}", scope) for number, scope in enumerate("abc")]
        simulation = create_lesson(session, "SIM", lesson_type=LessonType.SIMULATION, minutes=20)
        create_lesson(session, "OWN", "a", minutes=1, organization=other)
        create_track(session, TrackTier.CORE, *core)
        create_track(session, TrackTier.ADVANCED, core[0], optional=(simulation,))
        needs = (
            Requirement(COMPLETED, track="operations/core", within_months=9),
            Requirement(PROFICIENT, track="operations/advanced", within_months=9),
            Requirement(COMPLETED, scope="a", within_days=30),
        )
        people = [builders.create_person(session).id for _ in range(8)]
        for number, person_id in enumerate(people):
            for lesson, scope in list(zip(core, "abc", strict=True))[: number % 4]:
                passes(session, person_id, lesson, scope, now=now)
        _attempt(session, simulation, people[3], now)
        gaps = [
            TrainingGap(needs[: 1 + number % 3], person_id, organization_id if number % 2 else other.id)
            for number, person_id in enumerate(people)
        ]
        gaps.append(TrainingGap((), people[0], organization_id))
        singly = [training_for_gaps(session, [gap], now=now)[0] for gap in gaps]
        assert len({tuple(step.code for step in each.lessons) for each in singly}) >= 4, "the cases differ"
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(session.connection(), "before_cursor_execute", note)
        try:
            assert training_for_gaps(session, gaps, now=now) == singly
            together = len(statements)
            statements.clear()
            training_for_gaps(session, [*gaps, *gaps, *gaps], now=now)
        finally:
            event.remove(session.connection(), "before_cursor_execute", note)
        assert len(statements) == together

    def test_what_no_lesson_teaches_is_named(self, session: Session, member: Principal, now: datetime) -> None:
        assert self.ask(session, member, now).reason is TrainingReason.NO_RULE
        service.set_scope_rule(
            session, SYSTEM_PRINCIPAL, organization_id=None,
            terms=ScopeRuleTerms("b", certified_at_level=PROFICIENT), now=now,
        )  # fmt: skip
        create_lesson(session, "B", "b")
        lesson = create_lesson(session, "A", "a")
        self.rule(
            session, member, now,
            Requirement(PROFICIENT, scope="a", within_days=30), Requirement(PROFICIENT, scope="b", within_days=30),
            Requirement(COMPLETED, track="security/core", within_days=30),
        )  # fmt: skip
        training = self.ask(session, member, now)
        assert training.reason is TrainingReason.NO_LESSON
        assert training.unreachable == ("scope:b", "track:security/core")
        # The quiz certifies scope a, and certified is more than proficient.
        assert [step.lesson_id for step in training.lessons] == [lesson.id]

    def test_strangers_learn_nothing(self, session: Session, member: Principal, now: datetime) -> None:
        outsider, organization = create_manager(session)
        with pytest.raises(NotFoundError):
            service.next_required_training(
                session, outsider, action="act", person_id=member.person_id, organization_id=organization.id, now=now
            )


def _attempt(session: Session, lesson: Lesson, person_id: UUID, at: datetime) -> UUID:
    version_id = session.scalars(select(LessonVersion.id).where(LessonVersion.lesson_id == lesson.id)).one()
    attempt = LessonAttempt(
        lesson_version_id=version_id, person_id=person_id, trigger="browse", attempt_number=1, started_at=at,
        submitted_at=at, score=Decimal(90), is_passed=True, seconds_taken=60,
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    return attempt.id


def _assessment_ids(session: Session, course: Course) -> list[UUID]:
    return list(session.scalars(select(CourseAssessment.id).where(CourseAssessment.course_id == course.id)))
