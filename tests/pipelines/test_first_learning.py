"""What a new installation learns before its first figures: a step that fails is told, and keeps nothing up."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Engine

from operational_db.database import unit_of_work
from operational_db.learned import service
from operational_db.settings import Settings
from operational_db.types import EnrollmentStatus, LearnedModelKind
from pipelines.first_learning import FirstStep, learn_first_time, wanted_steps
from tests import builders
from tests.pipelines.first_steps import one_dies, one_fails


@pytest.fixture(autouse=True)
def own_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new process begins with the main module, and tests of pages leave a page there."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=None)


def test_a_failed_step_is_told_with_what_follows_and_the_others_go_on(
    committed_engine: Engine, committed_url: str, settings: Settings
) -> None:
    found = {each.step: each for each in learn_first_time(committed_engine, committed_url, settings, run=one_fails)}
    assert set(found) == set(FirstStep)
    assert [step for step, each in found.items() if each.has_failed] == [FirstStep.MATCH]
    assert "ValueError: no history" in found[FirstStep.MATCH].message
    assert "The written formula ranks mentors" in found[FirstStep.MATCH].message
    assert found[FirstStep.RETURNS].message == "RETURNS done"


def test_a_killed_process_is_told_too(committed_engine: Engine, committed_url: str, settings: Settings) -> None:
    found = {each.step: each for each in learn_first_time(committed_engine, committed_url, settings, run=one_dies)}
    assert found[FirstStep.COURSES].has_failed
    assert set(found) == set(FirstStep)


def test_each_step_is_done_once_and_only_where_there_is_something_to_learn_from(committed_engine: Engine) -> None:
    """A second start asks and learns nothing; one after a killed start does the rest."""

    def wanted() -> list[FirstStep]:
        return wanted_steps(service.find_unlearned(session))

    with unit_of_work(committed_engine) as session:
        assert wanted() == []
        builders.create_mentorship(session)
        assert wanted() == [FirstStep.MATCH]
        ended_at = builders.LONG_AGO_AT
        builders.create_enrollment(session, status=EnrollmentStatus.COMPLETED, ended_at=ended_at)
        assert wanted() == [FirstStep.COURSES, FirstStep.MATCH]
        service.add_model(
            session,
            model_kind=LearnedModelKind.MENTOR_MATCHING,
            artifact="matcher.skops",
            sha256="ab" * 32,
            card={},
            trained_at=builders.LONG_AGO_AT,
        )
        assert wanted() == [FirstStep.COURSES]
