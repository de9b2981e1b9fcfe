"""What the product ships: five personas with two tracks each, and the data-export micro-lesson of the seed."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from operational_db.content import features, rules, seed
from operational_db.content.body import LessonBody, parse_body, texts_of
from operational_db.content.seed import install_platform_content, shipped_lessons
from operational_db.content.seed_parts import ShippedLesson
from operational_db.database import unit_of_work
from operational_db.errors import ConflictError
from operational_db.tables.content import Lesson, LessonVersion, Policy, ProtectedFeature
from operational_db.tables.gates import ScopeRule, TrackLesson, TrainingTrack
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import LessonStatus, LessonType, Persona, TrackTier
from tests.operational_db.learning.test_concurrency import all_at_once

LESSONS = {lesson.code: lesson for lesson in shipped_lessons()}


def body_of(lesson: ShippedLesson) -> LessonBody:
    return parse_body(lesson.lesson_type, lesson.body)


@pytest.fixture
def installed(shipped: Session) -> Session:
    return shipped


class TestInstall:
    def test_adds_everything_once(self, session: Session, now: datetime) -> None:
        first = install_platform_content(session, now=now)
        events = session.scalar(select(func.count()).select_from(LedgerEvent))
        assert (first.lesson_count, first.track_count) == (len(LESSONS), 10)
        second = install_platform_content(session, now=now)
        assert (second.policy_count, second.lesson_count, second.track_count) == (0, 0, 0)
        assert session.scalar(select(func.count()).select_from(LedgerEvent)) == events
        assert session.scalar(select(func.count()).select_from(Policy)) == first.policy_count

    def test_of_several_at_once_one_adds(self, committed_engine: Engine, now: datetime) -> None:
        added: list[int] = []

        def install(_: int) -> None:
            with unit_of_work(committed_engine) as session:
                added.append(install_platform_content(session, now=now).lesson_count)

        assert all_at_once(3, install) == ["done"] * 3
        assert sorted(added) == [0, 0, len(LESSONS)]

    def test_every_lesson_is_published_and_its_scopes_have_a_validity(self, installed: Session) -> None:
        published = installed.scalars(select(LessonVersion).where(LessonVersion.status == LessonStatus.PUBLISHED)).all()
        assert len(published) == len(LESSONS)
        with_rule = set(installed.scalars(select(ScopeRule.scope)))
        assert {tag for version in published for tag in version.scope_tags} <= with_rule

    @pytest.mark.requirement("EMB-21")
    def test_a_shipped_lesson_that_is_not_ready_stops_the_installation(
        self, session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shipment = seed.SHIPMENTS[0]
        worse = replace(shipment, lessons=(replace(shipment.lessons[0], fallback=""), *shipment.lessons[1:]))
        monkeypatch.setattr(seed, "SHIPMENTS", (worse, *seed.SHIPMENTS[1:]))
        with pytest.raises(ConflictError, match="fallback: a fallback"):
            install_platform_content(session, now=now)

    @pytest.mark.requirement("EMB-11")
    def test_every_feature_is_tied_to_policy_runbook_and_lesson(self, installed: Session, now: datetime) -> None:
        actions = set(installed.scalars(select(ProtectedFeature.action)))
        assert actions == {"data-export", "production-change", "rule-change", "evidence-export"}
        for action in actions:
            view = features.feature_of(installed, action, None, on=now.date())
            assert 30 <= view.reading_seconds <= 60, action
            assert 2 <= len(view.tip_bullets) <= 3
            assert view.policy.version == "1.0.0"
            assert view.lesson is not None
            assert view.lesson.minutes <= 5

    @pytest.mark.requirement("EMB-11")
    def test_runbook_steps_launch_walkthroughs(self, installed: Session, now: datetime) -> None:
        for action in ("data-export", "production-change"):
            steps = features.feature_of(installed, action, None, on=now.date()).runbook.steps
            launched = [step.walkthrough_lesson_id for step in steps if step.walkthrough_lesson_id]
            types = installed.scalars(select(Lesson.lesson_type).where(Lesson.id.in_(launched))).all()
            assert types == [LessonType.WALKTHROUGH], action


@pytest.mark.requirement("EMB-02")
class TestTracks:
    def test_each_persona_has_core_and_advanced(self, installed: Session) -> None:
        found = {(track.persona, track.tier) for track in installed.scalars(select(TrainingTrack))}
        assert found == {(persona, tier) for persona in Persona for tier in TrackTier}

    @pytest.mark.parametrize(
        ("tier", "lesson_type"), [(TrackTier.CORE, LessonType.QUIZ), (TrackTier.ADVANCED, LessonType.SIMULATION)]
    )
    def test_core_ends_with_a_quiz_and_advanced_with_a_simulation(
        self, installed: Session, tier: TrackTier, lesson_type: LessonType
    ) -> None:
        statement = (
            select(TrainingTrack.persona)
            .join(TrackLesson, TrackLesson.track_id == TrainingTrack.id)
            .join(Lesson, Lesson.id == TrackLesson.lesson_id)
            .where(TrainingTrack.tier == tier, Lesson.lesson_type == lesson_type, TrackLesson.is_required)
        )
        assert set(installed.scalars(statement)) == set(Persona)

    @pytest.mark.parametrize(
        ("persona", "topics"),
        [
            (Persona.ENGINEER, {"secure-coding", "data-handling", "release", "feature-flags", "infrastructure-change"}),
            (Persona.OPERATIONS, {"incident-response", "prod-change", "runbooks", "escalation"}),
            (
                Persona.SECURITY,
                {"vulnerability-triage", "access-control", "audit-preparation", "third-party-review"},
            ),
            (
                Persona.COMPLIANCE_RISK,
                {"policy-authorship", "control-testing", "evidence-export", "auditor-liaison"},
            ),
            (
                Persona.PARTNER_INTEGRATOR,
                {"api-usage", "data-residency", "customer-isolation", "partner-support"},
            ),
        ],
    )
    def test_every_topic_of_the_seed_is_taught(self, persona: Persona, topics: set[str]) -> None:
        codes = {
            code
            for shipment in seed.SHIPMENTS
            for track in shipment.tracks
            if track.persona is persona
            for code in track.required
        }
        assert topics <= {tag for code in codes for tag in LESSONS[code].scope_tags}


class TestLessons:
    @pytest.mark.parametrize("code", LESSONS)
    @pytest.mark.requirement("EMB-01")
    def test_keeps_to_the_sizes_of_its_type(self, code: str) -> None:
        lesson, body = LESSONS[code], body_of(LESSONS[code])
        match lesson.lesson_type:
            case LessonType.MICRO_LESSON:
                assert 2 <= lesson.minutes <= 5
                assert rules.estimated_minutes(body) <= lesson.minutes
                assert 1 <= len(body.checks) <= 2
            case LessonType.QUIZ:
                assert 3 <= len(body.quiz) <= 10
            case LessonType.WALKTHROUGH:
                assert all(step.ui_state and step.keys for step in body.steps)
            case LessonType.SIMULATION:
                assert body.scenario is not None
                assert all(any(c.is_harmful or c.points == 0 for c in d.choices) for d in body.scenario.decisions)
            case LessonType.COURSE:
                pytest.fail("No course is shipped.")

    @pytest.mark.parametrize("code", LESSONS)
    def test_every_question_names_a_policy_that_the_lesson_teaches(self, code: str) -> None:
        lesson, body = LESSONS[code], body_of(LESSONS[code])
        named = {question.policy_code for question in (*body.checks, *body.quiz)}
        named |= {decision.policy_code for decision in (body.scenario.decisions if body.scenario else ())}
        assert named <= set(lesson.policy_codes)

    def test_the_place_of_an_option_says_nothing_about_right(self) -> None:
        names = [
            min(question.right)
            for lesson in LESSONS.values()
            for question in (*body_of(lesson).checks, *body_of(lesson).quiz)
        ]
        assert max(names.count(name) for name in set(names)) < len(names) / 2


@pytest.mark.requirement("EMB-20")
class TestDataExport:
    lesson = LESSONS["DATA-EXPORT"]
    body = body_of(lesson)

    def test_is_the_lesson_of_the_seed(self) -> None:
        assert self.lesson.title == "Secure Data Export: Preventing Unauthorized Leakage"
        assert self.lesson.scope_tags == ("data-export", "pii", "third-party-transfer")
        assert self.body.trigger is not None
        assert self.body.trigger["en"].startswith("User initiates CSV/NDJSON export of customer data")
        assert self.lesson.objective == "Ensure exports respect tenancy, data minimization, and approval workflows."
        assert (len(self.body.slides), len(self.body.quiz)) == (3, 4)
        assert {question.policy_code for question in self.body.quiz} == {"POL-DA-003", "POL-DATA-RES-002"}

    def test_shows_a_captioned_minute_of_the_masked_preview(self) -> None:
        (media,) = self.body.media
        assert media.svg is not None
        assert media.length_seconds == Decimal(60)
        assert media.captions[0].from_seconds == 0
        assert media.captions[-1].to_seconds == 60

    @pytest.mark.parametrize(
        "fact",
        [
            "allowlisted destinations only",
            "Personal e-mail and personal cloud drives are blocked",
            "tenant ID and the request ticket number",
            "default columns exclude secrets and credentials",
            "need dual approval",
            "All exports are logged to the ledger",
            '"Export Recall" runbook within 15 minutes',
        ],
    )
    def test_says_what_the_seed_says(self, fact: str) -> None:
        slides = " ".join(text["en"] for path, text in texts_of(self.body) if path.startswith("slides"))
        assert fact in slides

    @pytest.mark.parametrize("code", ["DATA-EXPORT", "DATA-EXPORT-WALKTHROUGH"])
    def test_is_whole_in_spanish(self, code: str) -> None:
        assert LESSONS[code].locales == ("en", "es")
        assert [path for path, text in texts_of(body_of(LESSONS[code])) if "es" not in text] == []

    def test_leads_on_to_the_walkthrough(self) -> None:
        assert "lesson:DATA-EXPORT-WALKTHROUGH" in {link.target for link in self.body.links}
