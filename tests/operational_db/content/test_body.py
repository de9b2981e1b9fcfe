"""What a lesson's body may hold: too much, contradictory or unsafe content is refused with its place."""

from typing import Any

import pytest

from operational_db.content.body import LessonBody, Question, parse_body, text_in, texts_of
from operational_db.content.pictures import svg_problem
from operational_db.errors import InvalidInputError
from operational_db.types import LessonType

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'


def question(name: str = "one", **fields: object) -> dict[str, Any]:
    return {
        "id": name,
        "prompt": {"en": "Which?"},
        "options": [{"id": "a", "text": {"en": "This"}}, {"id": "b", "text": {"en": "That"}}],
        "right": ["a"],
        "explanation": {"en": "Because."},
        **fields,
    }


def scenario(**fields: object) -> dict[str, Any]:
    choices = [
        {"id": "a", "text": {"en": "Stop"}, "points": 2, "consequence": {"en": "Good."}},
        {"id": "b", "text": {"en": "Go"}, "points": 0, "is_harmful": True, "consequence": {"en": "Bad."}},
    ]
    decisions = [{"id": name, "situation": {"en": "Now?"}, "choices": choices} for name in ("first", "second")]
    return {"setting": {"en": "Monday."}, "decisions": decisions, **fields}


SLIDE = {"id": "s", "title": {"en": "Title"}, "text": {"en": "Text"}}
ANIMATION = {"id": "m", "kind": "animation", "alt": {"en": "Alt"}, "svg": SVG, "length_seconds": 10}


@pytest.mark.requirement("EMB-01")
class TestParseBody:
    @pytest.mark.parametrize(
        ("lesson_type", "body"),
        [
            (LessonType.MICRO_LESSON, {"slides": [SLIDE], "checks": [question()]}),
            (LessonType.MICRO_LESSON, {"slides": [SLIDE], "checks": [question("c")], "quiz": [question("q")]}),
            (LessonType.QUIZ, {"quiz": [question(str(number)) for number in range(10)]}),
            (LessonType.WALKTHROUGH,
             {"steps": [{"id": "a", "ui_state": "exports.new", "title": {"en": "A"}, "text": {"en": "B"}}]}),
            (LessonType.SIMULATION, {"scenario": scenario()}),
            (LessonType.COURSE, {}),
        ],
    )  # fmt: skip
    def test_each_type_takes_its_parts(self, lesson_type: LessonType, body: dict[str, Any]) -> None:
        assert isinstance(parse_body(lesson_type, body), LessonBody)

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({"slide": []}, "slide: Extra inputs"),
            ({"slides": [{**SLIDE, "title": "Title"}]}, "slides.0.title"),
            ({"slides": [{**SLIDE, "title": {"en": " "}}]}, "slides.0.title.en"),
            ({"slides": [{**SLIDE, "title": {"english": "x"}}]}, "slides.0.title.english"),
            ({"slides": [{**SLIDE, "title": {"es": "Título"}}]}, "slides.s.title has no text in en"),
            ({"slides": [SLIDE, SLIDE]}, "two slides have the same id"),
            ({"slides": [{**SLIDE, "media_id": "none"}]}, "shows media that is not there"),
            ({"checks": [question("a"), question("b"), question("c")]}, "checks: Tuple should have at most 2"),
            ({"quiz": [question(str(n)) for n in range(11)]}, "quiz: Tuple should have at most 10"),
            ({"checks": [question(right=["z"])]}, "a right answer is not among the options"),
            ({"checks": [question(right=["a", "b"])]}, "every option is right"),
            ({"checks": [question(right=[])]}, "checks.0.right"),
            ({"checks": [question(slide_id="none")]}, "points at a slide that is not there"),
            ({"checks": [question()], "quiz": [question()]}, "two questions have the same id"),
            ({"media": [{**ANIMATION, "svg": None}]}, "media.0: media is either drawn here"),
            ({"media": [{**ANIMATION, "url": "https://example.org/a.mp4"}]}, "media.0: media is either drawn here"),
            ({"media": [{**ANIMATION, "length_seconds": 0}]}, "an animation or clip has a length"),
            ({"media": [{**ANIMATION, "svg": SVG.replace("rect", "script")}]}, "the element script is not allowed"),
            ({"media": [{**ANIMATION, "captions": [{"from_seconds": 0, "to_seconds": 11, "text": {"en": "x"}}]}]},
             "a caption runs longer"),
            ({"media": [{**ANIMATION, "captions": [{"from_seconds": 5, "to_seconds": 5, "text": {"en": "x"}}]}]},
             "a caption ends after it starts"),
            ({"links": [{"label": {"en": "x"}, "target": "javascript:alert(1)"}]}, "links.0.target"),
            ({"links": [{"label": {"en": "x"}, "target": "http://example.org"}]}, "links.0.target"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named_with_its_place(self, body: dict[str, Any], place: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            parse_body(LessonType.MICRO_LESSON, body)
        assert place in refusal.value.message

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"decisions": []}, "at least 2"),
            ({"decisions": [scenario()["decisions"][0]] * 2}, "two decisions have the same id"),
        ],
    )
    def test_a_scenario_is_checked_too(self, changes: dict[str, Any], place: str) -> None:
        with pytest.raises(InvalidInputError, match=place):
            parse_body(LessonType.SIMULATION, {"scenario": scenario(**changes)})

    def test_a_harmful_choice_earns_nothing(self) -> None:
        body = {"scenario": scenario()}
        body["scenario"]["decisions"][0]["choices"][1]["points"] = 1
        with pytest.raises(InvalidInputError, match="a harmful choice earns no points"):
            parse_body(LessonType.SIMULATION, body)

    @pytest.mark.parametrize(
        ("lesson_type", "part"),
        [
            (LessonType.QUIZ, {"slides": [SLIDE]}),
            (LessonType.COURSE, {"quiz": [question()]}),
            (LessonType.WALKTHROUGH, {"checks": [question()]}),
            (LessonType.MICRO_LESSON, {"scenario": scenario()}),
        ],
    )
    def test_parts_of_another_type_are_refused(self, lesson_type: LessonType, part: dict[str, Any]) -> None:
        with pytest.raises(InvalidInputError, match=next(iter(part))):
            parse_body(lesson_type, part)

    def test_the_quiz_is_graded_where_there_is_one_else_the_checks(self) -> None:
        """The seed wants 1-2 checks in every micro-lesson, and its example has a quiz of 4."""
        short = parse_body(LessonType.MICRO_LESSON, {"checks": [question("c")]})
        long = parse_body(LessonType.MICRO_LESSON, {"checks": [question("c")], "quiz": [question("q")]})
        assert [[each.id for each in body.graded_questions] for body in (short, long)] == [["c"], ["q"]]
        assert [[each.id for each in body.ungraded_checks] for body in (short, long)] == [[], ["c"]]

    def test_every_text_is_found_for_translation(self) -> None:
        body = parse_body(LessonType.MICRO_LESSON, {"slides": [SLIDE], "checks": [question("c")]})
        assert {path for path, _ in texts_of(body)} == {
            "slides.s.title",
            "slides.s.text",
            "checks.c.prompt",
            "checks.c.options.a.text",
            "checks.c.options.b.text",
            "checks.c.explanation",
        }


class TestTextIn:
    @pytest.mark.parametrize(
        ("locale", "shown"), [("es", "sí"), ("es-MX", "sí"), ("fr", "yes"), (None, "yes"), ("en", "yes")]
    )
    def test_exact_then_language_then_default(self, locale: str | None, shown: str) -> None:
        assert text_in({"en": "yes", "es": "sí"}, locale, "en") == shown


class TestSvg:
    def test_a_plain_drawing_is_fine(self) -> None:
        assert svg_problem(SVG) is None

    @pytest.mark.parametrize(
        "inner",
        [
            "<script/>",
            "<foreignObject/>",
            '<rect onload="x()"/>',
            '<a href="https://example.org"/>',
            '<image href="https://example.org/x.png"/>',
            '<rect fill="url(https://example.org/x)"/>',
            '<rect style="background:url(x)"/>',
            '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#x"/>',
            "<!-- comment -->",
            "<rect>",
        ],
    )
    def test_what_could_run_or_fetch_is_refused(self, inner: str) -> None:
        assert svg_problem(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{inner}</svg>') is not None

    @pytest.mark.parametrize(
        "text",
        [
            '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG,
            "<html/>",
            "no xml",
            SVG.replace("</svg>", "<title>" + "x" * 70_000 + "</title></svg>"),
            SVG.replace(' viewBox="0 0 9 9"', ""),
            SVG.replace("0 0 9 9", "0,0,9,9"),
        ],
    )
    def test_so_is_anything_but_a_small_svg(self, text: str) -> None:
        assert svg_problem(text) is not None

    def test_a_reference_inside_of_the_drawing_is_fine(self) -> None:
        drawing = SVG.replace("<rect", '<rect fill="url(#shade)"')
        assert svg_problem(drawing) is None


def test_right_answers_are_written_in_one_order_whatever_process_writes_them() -> None:
    asked = Question.model_validate(
        {
            "id": "q",
            "prompt": {"en": "Which?"},
            "options": [{"id": name, "text": {"en": name}} for name in "abcdef"],
            "right": list("fdbea"),
            "explanation": {"en": "These."},
        }
    )
    assert asked.model_dump(mode="json")["right"] == list("abdef")
