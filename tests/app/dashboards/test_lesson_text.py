"""Reviewers see everything a version says and asks, in each of its languages, with what is right."""

import pytest
from streamlit.testing.v1 import AppTest

from operational_db.content.body import parse_body
from operational_db.content.seed import shipped_lessons
from operational_db.content.seed_parts import ShippedLesson
from operational_db.types import LessonStatus, LessonType
from tests.app.dashboards.conftest import texts


def page(lesson_type: str, body: dict, locales: list[str], status: str) -> None:  # type: ignore[type-arg]
    """A page of its own source, which sees no name of this module."""
    from types import SimpleNamespace
    from uuid import UUID

    from app.dashboards.components.lesson_text import show_text
    from operational_db.types import LessonStatus, LessonType

    version = SimpleNamespace(
        id=UUID(int=1),
        lesson_type=LessonType(lesson_type),
        body=body,
        locales=locales,
        status=LessonStatus(status),
    )
    show_text(version)  # type: ignore[arg-type]


def shown(lesson: ShippedLesson, status: LessonStatus = LessonStatus.IN_REVIEW) -> AppTest:
    stored = parse_body(lesson.lesson_type, lesson.body).model_dump(mode="json", exclude_defaults=True)
    app = AppTest.from_function(
        page, args=(lesson.lesson_type.value, stored, list(lesson.locales), status.value), default_timeout=30
    ).run()
    assert not app.exception
    return app


def lesson_of(lesson_type: LessonType) -> ShippedLesson:
    return next(each for each in shipped_lessons() if each.lesson_type is lesson_type)


def every_text(lesson: ShippedLesson, locale: str) -> list[str]:
    """What learners may meet, titles and objectives aside, which stand elsewhere."""
    body = parse_body(lesson.lesson_type, lesson.body)
    parts: list[dict[str, str]] = []
    for slide in body.slides:
        parts += [slide.title, slide.text, *slide.points]
    for question in (*body.checks, *body.quiz):
        parts += [question.prompt, question.explanation, *(option.text for option in question.options)]
    for step in body.steps:
        parts += [step.title, step.text, *(each.text for each in step.definitions)]
    if body.scenario is not None:
        parts.append(body.scenario.setting)
        for decision in body.scenario.decisions:
            parts.append(decision.situation)
            parts += [text for choice in decision.choices for text in (choice.text, choice.consequence)]
    for media in body.media:
        parts += [media.alt, *(caption.text for caption in media.captions)]
    return [text[locale] for text in parts]


@pytest.mark.requirement("EMB-18")
class TestReviewedText:
    @pytest.mark.parametrize(
        "lesson_type", [LessonType.MICRO_LESSON, LessonType.QUIZ, LessonType.WALKTHROUGH, LessonType.SIMULATION]
    )
    def test_nothing_is_left_out(self, lesson_type: LessonType) -> None:
        lesson = lesson_of(lesson_type)
        said = texts(shown(lesson))
        assert [text for text in every_text(lesson, "en") if text not in said] == []

    def test_each_language_is_one_click_away(self) -> None:
        lesson = next(each for each in shipped_lessons() if "es" in each.locales)
        app = shown(lesson)
        app.segmented_control(key="version_locale").set_value("es").run()
        said = texts(app)
        assert [text for text in every_text(lesson, "es") if text not in said] == []

    def test_right_answers_are_marked(self) -> None:
        lesson = lesson_of(LessonType.QUIZ)
        question = parse_body(lesson.lesson_type, lesson.body).quiz[0]
        said = texts(shown(lesson))
        for option in question.options:
            mark = "check_circle" if option.id in question.right else "circle"
            assert f":material/{mark}:] {option.text['en']}" in said

    def test_it_is_open_while_a_review_waits_and_folded_else(self) -> None:
        lesson = lesson_of(LessonType.QUIZ)
        assert shown(lesson).expander[0].proto.expanded
        assert not shown(lesson, LessonStatus.PUBLISHED).expander[0].proto.expanded
