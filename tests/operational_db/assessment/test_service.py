"""A lesson from opening to evidence: in the viewer's language, without answers, graded once, with remediation."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from operational_db.assessment import service
from operational_db.assessment.rules import CoolDownError, TooFastError
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.proficiency.service import is_certified
from operational_db.tables.content import LessonAttempt, LessonVersion
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.tables.identity import Organization
from operational_db.types import LessonTrigger, Persona, ProficiencyLevel, new_id
from tests import builders
from tests.operational_db.content.lessons import create_company, lesson_of, publish, right_answers, take
from tests.operational_db.principals import body_of, create_member, events_about, kinds_about, principal_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def session(shipped: Session) -> Session:
    return shipped


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def learner(session: Session, company: Organization) -> Principal:
    person = builders.create_person(session)
    builders.create_membership(session, person, company, persona=Persona.ENGINEER)
    return principal_of(person, company)


@pytest.fixture
def stranger(session: Session) -> Principal:
    return create_member(session, builders.create_organization(session))


def wrong_answers(session: Session, code: str, count: int) -> dict[str, list[str]]:
    """Everything right but the last `count` answers."""
    lesson = lesson_of(session, code)
    version = session.scalars(select(LessonVersion).where(LessonVersion.lesson_id == lesson.id)).one()
    answers = right_answers(session, version.id)
    for question in list(answers)[len(answers) - count :]:
        answers[question] = []
    return answers


@pytest.mark.requirement("EMB-20")
class TestDataExportEndToEnd:
    def test_passing_records_evidence_for_twelve_months(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        lesson = lesson_of(session, "DATA-EXPORT")
        service.open_lesson(
            session,
            learner,
            lesson_id=lesson.id,
            organization_id=company.id,
            trigger=LessonTrigger.GATE,
            now=now,
        )
        result = take(session, learner, lesson, company, now=now)
        assert (result.score, result.is_passed, result.retry_at) == (Decimal(100), True, None)
        certified = {
            line.scope: line.expires_on for line in result.evidence if line.level == "certified" and line.scope
        }
        assert certified == dict.fromkeys(["data-export", "pii", "third-party-transfer"], date(2027, 11, 2))
        answer = is_certified(
            session, learner, scope="data-export", person_id=learner.person_id, at=now + 2 * MINUTE,
            as_known_at=now + 2 * MINUTE,
        )  # fmt: skip
        assert answer.is_certified
        events = events_about(session, learner.person_id)
        levels = [(event.kind, body_of(event).get("level")) for event in events if "proficiency" in event.kind]
        assert [event.kind for event in events if "proficiency" not in event.kind] == [
            "lesson.opened",
            "lesson.attempt_graded",
        ]
        assert [level for _, level in levels[:3]] == ["enrolled"] * 3
        assert {level for _, level in levels[3:]} == {"completed", "certified"}

    @pytest.mark.requirement("EMB-05")
    def test_the_ledger_entry_holds_what_the_seed_lists(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        lesson = lesson_of(session, "DATA-EXPORT")
        take(session, learner, lesson, company, now=now)
        (graded,) = [e for e in events_about(session, learner.person_id) if e.kind == "lesson.attempt_graded"]
        body = body_of(graded)
        assert (graded.subject_id, graded.organization_id) == (learner.person_id, company.id)
        assert (body["persona"], body["lesson_id"], body["lesson_version"]) == ("engineer", str(lesson.id), "1.0.0")
        assert (body["attempt_number"], body["score"], body["passed"], body["seconds_taken"]) == (1, "100", True, 60)
        assert body["scope_tags"] == "data-export,pii,third-party-transfer"
        assert len(str(body["policy_ids"]).split(",")) == 2
        assert body["track_id"]

    def test_three_of_four_is_too_few_and_names_what_to_read(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        """75 % is below 80 %: no evidence, remediation with policy and slide, and a retry at once."""
        lesson = lesson_of(session, "DATA-EXPORT")
        result = take(session, learner, lesson, company, now=now, answers=wrong_answers(session, "DATA-EXPORT", 1))
        assert (result.score, result.is_passed, result.evidence) == (Decimal(75), False, ())
        (wrong,) = [question for question in result.questions if not question.is_right]
        assert wrong.remediation is not None
        assert wrong.remediation.policy_code == "POL-DATA-RES-002"
        assert wrong.remediation.policy_title == "Data residency and tenancy"
        assert wrong.remediation.slide_id == "approval"
        assert "Export Recall" in wrong.remediation.explanation
        assert all(question.remediation is None for question in result.questions if question.is_right)
        again = take(session, learner, lesson, company, now=now + 5 * MINUTE)
        assert (again.attempt_number, again.is_passed) == (2, True)

    def test_the_simulation_makes_proficient(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        result = take(session, learner, lesson_of(session, "DATA-EXPORT-SIMULATION"), company, now=now)
        assert result.is_passed
        assert all(question.consequence for question in result.questions)
        assert ProficiencyLevel.PROFICIENT in {line.level for line in result.evidence if line.scope == "data-export"}

    def test_the_walkthrough_is_completed_step_by_step_and_certifies_nobody(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        lesson = lesson_of(session, "DATA-EXPORT-WALKTHROUGH")
        result = take(session, learner, lesson, company, now=now)
        assert result.is_passed
        assert [line for line in result.evidence if line.scope] == []
        assert kinds_about(session, learner.person_id) == ["lesson.completed"]


class TestOpening:
    @pytest.mark.parametrize(
        ("locale", "shown", "title"),
        [
            (None, "en", "Secure Data Export: Preventing Unauthorized Leakage"),
            ("es", "es", "Exportación segura de datos: cómo evitar fugas no autorizadas"),
            ("es-MX", "es", "Exportación segura de datos: cómo evitar fugas no autorizadas"),
            ("de", "en", "Secure Data Export: Preventing Unauthorized Leakage"),
        ],
    )
    def test_is_in_the_viewers_language(
        self,
        session: Session,
        company: Organization,
        learner: Principal,
        now: datetime,
        locale: str | None,
        shown: str,
        title: str,
    ) -> None:
        view = service.open_lesson(
            session,
            learner,
            lesson_id=lesson_of(session, "DATA-EXPORT").id,
            organization_id=company.id,
            locale=locale,
            now=now,
        )
        assert (view.locale, view.title) == (shown, title)

    @pytest.mark.requirement("RSK-02")
    @pytest.mark.parametrize("code", ["DATA-EXPORT", "DATA-EXPORT-SIMULATION", "ENG-CORE-QUIZ"])
    def test_gives_no_answer_away(
        self, session: Session, company: Organization, learner: Principal, now: datetime, code: str
    ) -> None:
        lesson = lesson_of(session, code)
        opened = service.open_lesson(session, learner, lesson_id=lesson.id, organization_id=company.id, now=now)
        attempt = service.start_attempt(session, learner, lesson_id=lesson.id, organization_id=company.id, now=now)
        asked = service.attempt_view(session, learner, attempt_id=attempt.id)
        shown = orjson.dumps([opened, asked], default=str).decode()
        version = session.get(LessonVersion, attempt.lesson_version_id)
        assert version is not None
        secret = [question["explanation"]["en"] for question in version.body.get("quiz", [])]
        for decision in version.body.get("scenario", {}).get("decisions", []):
            secret += [choice["consequence"]["en"] for choice in decision["choices"]]
        assert secret
        assert all(text not in shown for text in secret)
        assert not {"right", "is_harmful", "is_right", "explanation"} & set(_keys(orjson.loads(shown)))

    def test_a_check_answers_at_once_and_records_nothing(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        lesson = lesson_of(session, "DATA-EXPORT")
        view = service.open_lesson(session, learner, lesson_id=lesson.id, organization_id=company.id, now=now)
        (check,) = view.checks
        right = next(option.id for option in check.options if option.text.startswith("No, the default"))
        for chosen, is_right in ((right, True), (next(o.id for o in check.options if o.id != right), False)):
            result = service.answer_check(
                session,
                learner,
                lesson_id=lesson.id,
                question_id=check.id,
                chosen=[chosen],
                organization_id=company.id,
            )
            assert result.is_right is is_right
            assert result.remediation is not None
        assert session.scalar(select(func.count()).select_from(LessonAttempt)) == 0
        graded = view.questions[0].id
        with pytest.raises(NotFoundError, match="answered by an attempt"):
            service.answer_check(
                session, learner, lesson_id=lesson.id, question_id=graded, chosen=["a"], organization_id=company.id
            )

    def test_wrong_tenant_and_system_are_refused(
        self, session: Session, company: Organization, learner: Principal, stranger: Principal, now: datetime
    ) -> None:
        own = publish(session, create_company(session), now=now)
        platform = lesson_of(session, "DATA-EXPORT").id
        for who, lesson_id, organization_id, error in (
            (learner, own.lesson_id, company.id, NotFoundError),
            (stranger, platform, company.id, NotFoundError),
            (learner, new_id(), company.id, NotFoundError),
            (SYSTEM_PRINCIPAL, platform, None, NotAuthorizedError),
        ):
            for act in (service.open_lesson, service.start_attempt):
                with pytest.raises(error):
                    act(session, who, lesson_id=lesson_id, organization_id=organization_id, now=now)


def _keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


@pytest.mark.requirement("RSK-02")
class TestAttempts:
    def start(self, session: Session, who: Principal, company: Organization, now: datetime) -> LessonAttempt:
        lesson = lesson_of(session, "DATA-EXPORT")
        return service.start_attempt(session, who, lesson_id=lesson.id, organization_id=company.id, now=now)

    def test_there_is_one_open_at_a_time(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        first = self.start(session, learner, company, now)
        second = self.start(session, learner, company, now + MINUTE)
        assert (second.id, second.started_at) == (first.id, now)

    def test_one_that_was_left_starts_over_and_cannot_be_handed_in_late(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        attempt = self.start(session, learner, company, now)
        late = now + timedelta(hours=2, seconds=1)
        answers = right_answers(session, attempt.lesson_version_id)
        with pytest.raises(ConflictError, match="older than two hours"):
            service.submit_attempt(session, learner, attempt_id=attempt.id, answers=answers, now=late)
        again = self.start(session, learner, company, late)
        assert (again.id, again.started_at, again.attempt_number) == (attempt.id, late, 1)
        result = service.submit_attempt(session, learner, attempt_id=again.id, answers=answers, now=late + MINUTE)
        assert result.is_passed

    def test_handing_in_twice_counts_once(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        attempt = self.start(session, learner, company, now)
        answers = right_answers(session, attempt.lesson_version_id)
        first = service.submit_attempt(session, learner, attempt_id=attempt.id, answers=answers, now=now + MINUTE)
        events = kinds_about(session, learner.person_id)
        backwards = {name: chosen[::-1] for name, chosen in reversed(answers.items())}
        again = service.submit_attempt(session, learner, attempt_id=attempt.id, answers=backwards, now=now + 9 * MINUTE)
        assert again == first
        assert kinds_about(session, learner.person_id) == events
        with pytest.raises(ConflictError, match="other answers"):
            service.submit_attempt(
                session,
                learner,
                attempt_id=attempt.id,
                answers=wrong_answers(session, "DATA-EXPORT", 1),
                now=now + 9 * MINUTE,
            )
        assert service.attempt_result(session, learner, attempt_id=attempt.id, now=now) == first

    def test_too_fast_is_refused_and_the_attempt_stays_open(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        attempt = self.start(session, learner, company, now)
        answers = right_answers(session, attempt.lesson_version_id)
        with pytest.raises(TooFastError):
            service.submit_attempt(
                session, learner, attempt_id=attempt.id, answers=answers, now=now + timedelta(seconds=11)
            )
        assert "lesson.attempt_graded" not in kinds_about(session, learner.person_id)
        assert service.submit_attempt(
            session, learner, attempt_id=attempt.id, answers=answers, now=now + timedelta(seconds=12)
        ).is_passed

    def test_three_failures_pause_and_say_until_when(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        lesson = lesson_of(session, "DATA-EXPORT")
        for place in range(3):
            result = take(
                session,
                learner,
                lesson,
                company,
                now=now + place * 2 * MINUTE,
                answers=wrong_answers(session, "DATA-EXPORT", 2),
            )
            assert (result.retry_at is not None) is (place == 2)
        ready_at = now + 5 * MINUTE + timedelta(minutes=15)
        assert result.retry_at == ready_at
        with pytest.raises(CoolDownError):
            self.start(session, learner, company, ready_at - timedelta(seconds=1))
        assert self.start(session, learner, company, ready_at).attempt_number == 4

    @pytest.mark.parametrize(
        "answers", [{}, {"nothing": ["a"]}, {"destination": ["z"], "contents": [], "approval": [], "recall": []}]
    )
    def test_malformed_answers_are_refused_and_cost_nothing(
        self,
        session: Session,
        company: Organization,
        learner: Principal,
        now: datetime,
        answers: dict[str, list[str]],
    ) -> None:
        attempt = self.start(session, learner, company, now)
        with pytest.raises(InvalidInputError):
            service.submit_attempt(session, learner, attempt_id=attempt.id, answers=answers, now=now + MINUTE)
        assert attempt.submitted_at is None

    def test_is_shown_and_handed_in_by_its_owner_only(
        self, session: Session, company: Organization, learner: Principal, stranger: Principal, now: datetime
    ) -> None:
        attempt = self.start(session, learner, company, now)
        colleague = create_member(session, company)
        for who in (stranger, colleague, SYSTEM_PRINCIPAL):
            with pytest.raises(NotFoundError):
                service.attempt_view(session, who, attempt_id=attempt.id)
            with pytest.raises(NotFoundError):
                service.submit_attempt(session, who, attempt_id=attempt.id, answers={}, now=now)
            with pytest.raises(NotFoundError):
                service.attempt_result(session, who, attempt_id=attempt.id, now=now)
        with pytest.raises(NotFoundError, match="still open"):
            service.attempt_result(session, learner, attempt_id=attempt.id, now=now)

    def test_shows_its_questions_in_its_own_order(
        self, session: Session, company: Organization, learner: Principal, now: datetime
    ) -> None:
        attempt = self.start(session, learner, company, now)
        views = [service.attempt_view(session, learner, attempt_id=attempt.id) for _ in range(2)]
        assert views[0] == views[1]
        assert [question.id for question in views[0].questions] == attempt.question_ids


@pytest.mark.requirement("EMB-02", "EMB-03")
def test_finishing_every_lesson_of_core_completes_the_track(
    session: Session, company: Organization, learner: Principal, now: datetime
) -> None:
    codes = ("ENG-SECURE-CODING", "ENG-DATA-HANDLING", "ENG-RELEASE-ROLLBACK", "DATA-EXPORT", "ENG-CORE-QUIZ")
    for place, code in enumerate(codes):
        result = take(session, learner, lesson_of(session, code), company, now=now + place * 5 * MINUTE)
        tracks = {line.level for line in result.evidence if line.track_id}
        assert (ProficiencyLevel.COMPLETED in tracks) is (code == codes[-1]), code
    held = session.scalars(select(ProficiencyEvidence.level).where(ProficiencyEvidence.track_id.is_not(None)))
    assert ProficiencyLevel.COMPLETED in set(held)
