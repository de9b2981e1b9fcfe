"""The model that serves: only where it earned its place, never a damaged one, and the answer says which."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.learned.courses import installation_records, recommend_courses, serving_recommender
from models.recommending.ranking import ReasonKind
from models.recommending.training import TrainedRecommender, train_recommender
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.learned.service import add_model, promote_model
from operational_db.settings import Settings
from operational_db.tables.catalog import Course
from operational_db.tables.identity import Person
from operational_db.tables.learning import Enrollment
from operational_db.types import EnrollmentStatus, LearnedModelKind, new_id
from tests import builders
from tests.operational_db.principals import principal_of

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PEOPLE = 240


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def learn(session: Session, *, has_tastes: bool) -> list[Course]:
    """People took twelve courses one after the other; with tastes, everybody those of one half only."""
    random = np.random.default_rng(5)
    made = [builders.create_course(session, title=f"Course {n:02}") for n in range(12)]
    people = [Person(id=new_id(), display_name=f"Learner {number}") for number in range(PEOPLE)]
    session.add_all(people)
    session.flush()
    for number, person in enumerate(people):
        pool = made[:6] if number % 2 else made[6:]
        at = NOW - timedelta(days=480 - int(random.integers(60)))
        for index in random.permutation(6 if has_tastes else 12)[:5]:
            course, ended = (pool if has_tastes else made)[int(index)], at + timedelta(days=15)
            session.add(
                Enrollment(
                    person_id=person.id,
                    course_id=course.id,
                    enrolled_at=at,
                    ended_at=ended,
                    status=EnrollmentStatus.COMPLETED,
                )
            )
            at += timedelta(days=int(random.integers(50, 110)))
    session.flush()
    return made


def register(session: Session, settings: Settings) -> TrainedRecommender:
    records = installation_records(session, until=NOW)
    trained = train_recommender(records, until=NOW.date(), ledger_size=0, folder=settings.models_path)
    assert trained.artifact is not None
    model = add_model(
        session,
        model_kind=LearnedModelKind.COURSE_RECOMMENDING,
        artifact=trained.artifact.path.name,
        sha256=trained.artifact.sha256,
        card=trained.card,
        trained_at=NOW,
        ledger_size=0,
    )
    promote_model(session, SYSTEM_PRINCIPAL, model_id=model.id, now=NOW)
    return trained


def who_completed(session: Session, course: Course) -> Principal:
    person = builders.create_person(session)
    at = NOW - timedelta(days=20)
    builders.create_enrollment(session, person, course, enrolled_at=at, ended_at=at, status=EnrollmentStatus.COMPLETED)
    return principal_of(person)


class TestServing:
    @pytest.mark.requirement("LMS-05")
    def test_one_that_beat_the_yardsticks_speaks_and_says_so(self, session: Session, settings: Settings) -> None:
        made = learn(session, has_tastes=True)
        trained = register(session, settings)
        assert trained.comparison.is_learned_shown, trained.comparison.gains
        person = who_completed(session, made[0])
        found = recommend_courses(session, settings, person, person_id=person.person_id, now=NOW, top=5)
        assert found.is_learned
        assert found.served.version == 1
        assert "foresaw them better" in found.served.sentence
        assert {course.title for course in found.courses} == {f"Course {n:02}" for n in range(1, 6)}
        first = found.courses[0].reasons[0]
        assert first.kind is ReasonKind.PEOPLE_ALIKE
        assert "people who took “Course 00” completed it later." in first.text

    @pytest.mark.requirement("LMS-05")
    def test_one_that_did_not_is_kept_silent_and_popularity_is_named(
        self, session: Session, settings: Settings
    ) -> None:
        made = learn(session, has_tastes=False)
        trained = register(session, settings)
        person = who_completed(session, made[0])
        found = recommend_courses(session, settings, person, person_id=person.person_id, now=NOW)
        assert not trained.comparison.is_learned_shown
        assert not found.is_learned
        assert "did not foresee them better" in found.served.sentence
        assert {course.reasons[0].kind for course in found.courses} == {ReasonKind.POPULAR}
        assert made[0].id not in {course.course_id for course in found.courses}

    @pytest.mark.parametrize("damage", ["changed", "gone"])
    def test_a_file_damaged_while_it_serves_lets_popularity_serve_and_says_so(
        self, session: Session, settings: Settings, damage: str
    ) -> None:
        learn(session, has_tastes=True)
        trained = register(session, settings)
        assert trained.artifact is not None
        assert serving_recommender(session, settings).model is not None
        if damage == "gone":
            trained.artifact.path.unlink()
        else:
            trained.artifact.path.write_bytes(trained.artifact.path.read_bytes() + b"x")
        served = serving_recommender(session, settings)
        assert served.model is None
        assert served.is_damaged
        assert "damaged or missing" in served.sentence

    def test_before_anything_was_learned_it_says_so(self, session: Session, settings: Settings) -> None:
        served = serving_recommender(session, settings)
        assert (served.model, served.version) == (None, None)
        assert "has not been learned here yet" in served.sentence


def test_the_card_holds_no_personal_data(session: Session, settings: Settings) -> None:
    learn(session, has_tastes=True)
    card = json.dumps(register(session, settings).card)
    assert "Learner" not in card


def test_pages_that_do_not_rank_stay_light() -> None:
    """What the API and the pages import loads neither scikit-learn nor SciPy."""
    import subprocess
    import sys

    code = "import sys, app.learned.courses; print('sklearn' in sys.modules, 'scipy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


def test_nothing_recorded_is_nothing_learned(engine: Engine, session: Session) -> None:
    trained = train_recommender(installation_records(session, until=NOW), until=NOW.date())
    assert trained.card["verdict"] == "too_few"
