"""The life cycle of the match on real records: as of a time, promoted only when better, watched while it serves."""

from datetime import datetime, timedelta
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

import models.matching.training as training
from models.matching.factors import FEATURE_NAMES
from models.matching.generators import Programme, Truth, simulate_programme
from models.matching.training import Decision, Trained, fit_matcher
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.learned import service
from operational_db.releases.manifest import CheckResult
from operational_db.settings import Settings
from operational_db.tables.mentorship import Mentorship, MentorshipFeedback, MentorShowing
from operational_db.types import LearnedModelKind
from pipelines.learned import Step, TrainingResult, read_mentor_history, train_match
from pipelines.learned_checks import CALIBRATION_CHECK, DRIFT_CHECK, FILE_CHECK, check_match
from tests.pipelines.mentoring_records import Change, write_programme

MATCHING = LearnedModelKind.MENTOR_MATCHING


@cache
def programme(truth: Truth = Truth.UNLIKE) -> Programme:
    return simulate_programme(truth, random_state=3, requests=3_000, mentors=100, days=900)


def half_time() -> datetime:
    return programme().until - timedelta(days=330)


def early() -> datetime:
    """So early that most of what was asked for since is known long before the end."""
    return programme().until - timedelta(days=600)


def turned(history: pl.DataFrame) -> pl.DataFrame:
    """From early on everything comes out the other way round."""
    is_later = (pl.col("requested_at") > early()) & pl.col("is_completed").is_not_null()
    return history.with_columns(
        pl.when(is_later).then(~pl.col("is_completed")).otherwise("is_completed").alias("is_completed"),
        pl.when(is_later).then(None).otherwise("rating").alias("rating"),
    )


def moved(history: pl.DataFrame) -> pl.DataFrame:
    """From half time on mentors live next door and nobody has time."""
    is_later = pl.col("shown_at") > half_time()
    return history.with_columns(
        pl.when(is_later).then(1.0).otherwise("proximity").cast(pl.Float32).alias("proximity"),
        pl.when(is_later).then(0.0).otherwise("overlap_hours").cast(pl.Float32).alias("overlap_hours"),
    )


@pytest.fixture
def learned_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that always learns, without the comparison of candidates, which has tests of its own."""

    def train(history: pl.DataFrame, *, until: datetime, ledger_size: int) -> Trained:
        from models.matching.card import describe_data, write_card
        from models.matching.labels import labelled_requests

        matcher = fit_matcher(history, until=until)
        data = describe_data(history, labelled_requests(history, until=until), ledger_size)
        return Trained(matcher, Decision.LEARNED, write_card(Decision.LEARNED, "Learned.", data, matcher), None)

    monkeypatch.setattr(training, "train", train)


def train_twice(engine: Engine, settings: Settings) -> tuple[TrainingResult, TrainingResult]:
    """Early in a history and at its end."""
    first = train_match(engine, settings, now=early())
    return first, train_match(engine, settings, now=programme().until)


def serving_version(engine: Engine) -> int | None:
    with read_only_session(engine) as session:
        found = service.serving_model(session, MATCHING)
        return None if found is None else found.version


@pytest.mark.requirement("MEN-03")
class TestTraining:
    def test_a_match_that_beats_the_formula_serves_and_is_not_trained_again_without_news(
        self, committed_engine: Engine, settings: Settings
    ) -> None:
        """The whole comparison, once: held-out requests decide, the card tells, the file is the registered one."""
        write_programme(committed_engine, programme())
        found = train_match(committed_engine, settings, now=programme().until)
        assert (found.step, found.version) == (Step.PROMOTED, 1)
        with read_only_session(committed_engine) as session:
            model = service.model_by_version(session, MATCHING, 1)
            assert (settings.models_path / model.artifact).is_file()
            assert model.card["decision"] == "learned"
            assert {row["slice"] for row in model.card["slices"]} >= {"region", "remote"}
            assert model.card["data"]["ledger_size"] == model.ledger_size
        again = train_match(committed_engine, settings, now=programme().until)
        assert (again.step, again.version) == (Step.NO_NEWS, 1)

    def test_too_few_outcomes_leave_the_formula_and_say_so(self, committed_engine: Engine, settings: Settings) -> None:
        write_programme(committed_engine, programme(), lambda history: history.head(400))
        found = train_match(committed_engine, settings, now=programme().until)
        assert found.step is Step.NOT_LEARNED
        assert found.message.startswith("Too few outcomes")
        assert serving_version(committed_engine) is None

    @pytest.mark.usefixtures("learned_quickly")
    def test_a_new_match_that_is_no_better_is_kept_back(self, committed_engine: Engine, settings: Settings) -> None:
        """Where the written formula is the truth, there is nothing more to learn from more outcomes."""
        write_programme(committed_engine, programme(Truth.FORMULA))
        first, second = train_twice(committed_engine, settings)
        assert (first.step, second.step) == (Step.PROMOTED, Step.KEPT_FORMER)
        assert serving_version(committed_engine) == 1

    @pytest.mark.usefixtures("learned_quickly")
    def test_a_new_match_that_is_better_on_what_neither_knew_takes_over(
        self, committed_engine: Engine, settings: Settings
    ) -> None:
        write_programme(committed_engine, programme(), turned)
        first, second = train_twice(committed_engine, settings)
        assert (first.step, second.step) == (Step.PROMOTED, Step.PROMOTED)
        assert serving_version(committed_engine) == 2
        with unit_of_work(committed_engine) as session:
            compared = service.model_by_version(session, MATCHING, 2).card["against_serving"]
            assert 0 < compared["low"] < compared["gain"]
            back = service.roll_back(session, SYSTEM_PRINCIPAL, MATCHING, programme().until)
            assert back is not None
            assert back.version == 1


@pytest.mark.requirement("MEN-03")
class TestLeakage:
    def test_what_came_later_changes_nothing_of_what_was_known(self, committed_engine: Engine) -> None:
        """The history as of half time is the same whether the second half is in the database or not."""
        write_programme(committed_engine, programme())
        with Session(committed_engine) as session:
            with_future = read_mentor_history(session, until=half_time()).frame
            later = Mentorship.requested_at >= half_time()
            session.execute(delete(MentorshipFeedback).where(MentorshipFeedback.given_at >= half_time()))
            session.execute(delete(Mentorship).where(later))
            session.execute(delete(MentorShowing).where(MentorShowing.shown_at >= half_time()))
            without_future = read_mentor_history(session, until=half_time()).frame
            session.rollback()
        assert len(with_future) > 5_000
        assert_frame_equal(with_future, without_future)

    def test_features_stay_as_they_were_while_outcomes_become_known(self, committed_engine: Engine) -> None:
        write_programme(committed_engine, programme())
        with read_only_session(committed_engine) as session:
            early = read_mentor_history(session, until=half_time()).frame
            late = read_mentor_history(session, until=programme().until).frame
        pair = ["showing_id", "mentor_id", "shown_at", *FEATURE_NAMES]
        known = late.filter(pl.col("shown_at") < half_time())
        assert_frame_equal(early.select(pair), known.select(pair))
        assert early["ended_at"].max() < half_time()  # type: ignore[operator]
        assert early["is_completed"].count() < known["is_completed"].count()


@pytest.mark.usefixtures("learned_quickly")
class TestChecks:
    def checks(self, engine: Engine, settings: Settings, change: Change) -> dict[str, CheckResult]:
        write_programme(engine, programme(), change)
        train_match(engine, settings, now=half_time())
        return {each.name: each for each in check_match(engine, settings, now=programme().until - timedelta(days=100))}

    def test_nothing_fires_while_all_stays_as_it_was(self, committed_engine: Engine, settings: Settings) -> None:
        found = self.checks(committed_engine, settings, lambda history: history)
        assert all(each.passed for each in found.values()), [each.message for each in found.values()]
        assert found[CALIBRATION_CHECK].numbers["outcomes"] > 60  # type: ignore[operator]
        assert "largest index" in found[DRIFT_CHECK].message

    def test_drift_fires_on_shifted_features_and_is_kept_with_the_card(
        self, committed_engine: Engine, settings: Settings
    ) -> None:
        drift = self.checks(committed_engine, settings, moved)[DRIFT_CHECK]
        assert not drift.passed
        assert not drift.blocking
        assert "proximity" in drift.message
        assert "overlap_hours" in drift.message
        assert "communication" not in drift.message
        with read_only_session(committed_engine) as session:
            kept = service.model_by_version(session, MATCHING, 1).card["checks"]["results"]
        assert {each["name"]: each["passed"] for each in kept}[DRIFT_CHECK] is False

    def test_calibration_fires_when_chances_do_not_come_true(
        self, committed_engine: Engine, settings: Settings
    ) -> None:
        """Whatever was asked for since ended early."""

        def failing(history: pl.DataFrame) -> pl.DataFrame:
            is_later = pl.col("requested_at") > half_time()
            return history.with_columns(
                pl.when(is_later & pl.col("is_completed").is_not_null())
                .then(False)
                .otherwise("is_completed")
                .alias("is_completed")
            )

        calibration = self.checks(committed_engine, settings, failing)[CALIBRATION_CHECK]
        assert not calibration.passed
        assert calibration.numbers["deviation"] < -3  # type: ignore[operator]

    def test_a_damaged_file_is_an_error(self, committed_engine: Engine, settings: Settings) -> None:
        write_programme(committed_engine, programme())
        train_match(committed_engine, settings, now=half_time())
        file = next(settings.models_path.glob("*.skops"))
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        found = {each.name: each for each in check_match(committed_engine, settings, now=half_time())}
        assert not found[FILE_CHECK].passed
        assert found[FILE_CHECK].blocking
        assert "The written formula serves" in found[FILE_CHECK].message

    def test_without_a_learned_match_there_is_nothing_to_check(
        self, committed_engine: Engine, settings: Settings
    ) -> None:
        assert all(each.passed for each in check_match(committed_engine, settings, now=half_time()))
