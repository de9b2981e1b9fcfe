"""What an author types, and the lesson it makes: nothing that the form does not show is lost."""

from dataclasses import replace
from typing import Any

import pytest

from app.dashboards.use_cases.lesson_form import QuestionText, SlideText, made_body, questions_of, slides_of
from operational_db.content.body import parse_body
from operational_db.content.seed import shipped_lessons
from operational_db.errors import InvalidInputError
from operational_db.types import LessonType

SLIDE = SlideText("Lockout", "Switch off and lock.", "Key\n\n Tag ")
CHECK = QuestionText("What comes first?", "* Lock\nOpen", "Nothing is opened before it is locked.", "POL-LOCK-001")


def made(former: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {"title": "Lockout", "slides": [SLIDE], "checks": [CHECK], "quiz": [], **changed}
    return made_body(former or {}, **wanted)


def test_a_new_lesson_is_well_formed_and_reads_back_as_typed() -> None:
    body = made()
    parsed = parse_body(LessonType.MICRO_LESSON, body)
    assert parsed.checks[0].right == {"answer-1"}
    assert [point["en"] for point in parsed.slides[0].points] == ["Key", "Tag"]
    assert slides_of(body) == [replace(SLIDE, points="Key\nTag")]
    assert questions_of(body, "checks") == [replace(CHECK, answers="*Lock\nOpen")]
    assert made(body) == body


@pytest.mark.parametrize(
    "lesson", [each for each in shipped_lessons() if each.lesson_type in {LessonType.MICRO_LESSON, LessonType.QUIZ}]
)
def test_a_shipped_lesson_saved_unchanged_keeps_translations_media_and_links(lesson: Any) -> None:
    body = parse_body(lesson.lesson_type, lesson.body).model_dump(mode="json", exclude_defaults=True)
    again = made_body(
        body,
        title=body["title"]["en"] if "title" in body else "Title",
        slides=slides_of(body),
        checks=questions_of(body, "checks"),
        quiz=questions_of(body, "quiz"),
    )
    assert parse_body(lesson.lesson_type, again | {"title": body.get("title")}) == parse_body(lesson.lesson_type, body)


def test_a_changed_text_keeps_its_translation_and_a_question_loses_the_slide_that_is_gone() -> None:
    former = made()
    former["slides"][0]["title"]["es"] = "Bloqueo"
    former["checks"][0]["slide_id"] = "slide-1"
    changed = made(former, slides=[replace(SLIDE, title="Lock out")])
    assert changed["slides"][0]["title"] == {"en": "Lock out", "es": "Bloqueo"}
    assert changed["checks"][0]["slide_id"] == "slide-1"
    assert "slide_id" not in made(former, slides=[])["checks"][0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"title": " "}, "Give a title."),
        ({"slides": [replace(SLIDE, text="")]}, "Slide 1 needs a text."),
        ({"checks": [replace(CHECK, prompt="")]}, "Check 1 asks nothing."),
        ({"checks": [replace(CHECK, answers="*Lock")]}, "Check 1 needs at least two answers"),
        ({"checks": [replace(CHECK, answers="Lock\nOpen")]}, "Check 1 has no right answer"),
        ({"quiz": [CHECK, replace(CHECK, answers="*\nOpen")]}, "Question 2 has an empty answer"),
    ],
)
def test_what_is_missing_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        made(**changed)
