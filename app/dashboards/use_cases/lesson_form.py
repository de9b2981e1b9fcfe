"""A lesson's slides and questions as an author types them, and the body they make. Pure; the form draws this.

One language is edited, the lesson's own; what a form cannot show (translations, media, links) stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operational_db.errors import InvalidInputError

RIGHT_MARK = "*"
# JSON of a lesson's body; `operational_db.content.body` checks its shape.
Body = Mapping[str, Any]


@dataclass(frozen=True)
class SlideText:
    """`points` has one a line."""

    title: str
    text: str
    points: str = ""


@dataclass(frozen=True)
class QuestionText:
    """`answers` has one a line, the right ones begin with a star."""

    prompt: str
    answers: str
    explanation: str
    policy_code: str | None = None


def slides_of(body: Body) -> list[SlideText]:
    """The slides in the lesson's own language."""
    locale = _locale(body)
    return [
        SlideText(
            _said(slide.get("title"), locale),
            _said(slide.get("text"), locale),
            "\n".join(_said(point, locale) for point in slide.get("points", ())),
        )
        for slide in body.get("slides", ())
    ]


def questions_of(body: Body, part: str) -> list[QuestionText]:
    """The questions of `checks` or `quiz` in the lesson's own language."""
    locale = _locale(body)
    return [
        QuestionText(
            _said(question.get("prompt"), locale),
            "\n".join(
                f"{RIGHT_MARK if option['id'] in question['right'] else ''}{_said(option['text'], locale)}"
                for option in question["options"]
            ),
            _said(question.get("explanation"), locale),
            question.get("policy_code"),
        )
        for question in body.get(part, ())
    ]


def made_body(
    former: Body,
    *,
    title: str,
    slides: Sequence[SlideText],
    checks: Sequence[QuestionText],
    quiz: Sequence[QuestionText],
) -> dict[str, Any]:
    """The body that the form stands for, on the former one.

    Raises
    ------
    InvalidInputError
        When a slide or question lacks something; the message names it.
    """
    locale = _locale(former)
    made: dict[str, Any] = {**former, "title": _put(former.get("title"), locale, _needed(title, "Give a title."))}
    parts = {
        "slides": [
            _slide(_at(former.get("slides", ()), number), slide, number, locale) for number, slide in enumerate(slides)
        ],
        "checks": _questions(former, "checks", checks, locale),
        "quiz": _questions(former, "quiz", quiz, locale),
    }
    for name, rows in parts.items():
        if rows:
            made[name] = rows
        else:
            made.pop(name, None)
    kept = {slide["id"] for slide in parts["slides"]}
    for question in [*parts["checks"], *parts["quiz"]]:
        # A question may point at a slide that was taken out.
        if question.get("slide_id") not in kept:
            question.pop("slide_id", None)
    return made


def _slide(former: Body, slide: SlideText, number: int, locale: str) -> dict[str, Any]:
    where = f"Slide {number + 1}"
    points = [line.strip() for line in slide.points.splitlines() if line.strip()]
    known = former.get("points", ())
    made = {
        **former,
        "id": former.get("id", f"slide-{number + 1}"),
        "title": _put(former.get("title"), locale, _needed(slide.title, f"{where} needs a title.")),
        "text": _put(former.get("text"), locale, _needed(slide.text, f"{where} needs a text.")),
        "points": [_put(_at(known, place), locale, point) for place, point in enumerate(points)],
    }
    if not points:
        del made["points"]
    return made


def _questions(former: Body, part: str, questions: Sequence[QuestionText], locale: str) -> list[dict[str, Any]]:
    known = former.get(part, ())
    return [
        _question(_at(known, number), question, f"{'Check' if part == 'checks' else 'Question'} {number + 1}", locale)
        | ({} if _at(known, number) else {"id": f"{part}-{number + 1}"})
        for number, question in enumerate(questions)
    ]


def _question(former: Body, question: QuestionText, where: str, locale: str) -> dict[str, Any]:
    lines = [line.strip() for line in question.answers.splitlines() if line.strip()]
    if len(lines) < 2:
        raise InvalidInputError(f"{where} needs at least two answers, one a line.")
    if not any(line.startswith(RIGHT_MARK) for line in lines):
        raise InvalidInputError(f"{where} has no right answer. Put {RIGHT_MARK} before each that is right.")
    known = former.get("options", ())
    options = []
    right = []
    for number, line in enumerate(lines):
        option = _at(known, number)
        option_id = option.get("id", f"answer-{number + 1}")
        text = _needed(line.removeprefix(RIGHT_MARK).strip(), f"{where} has an empty answer.")
        options.append({"id": option_id, "text": _put(option.get("text"), locale, text)})
        if line.startswith(RIGHT_MARK):
            right.append(option_id)
    made = {
        **former,
        "prompt": _put(former.get("prompt"), locale, _needed(question.prompt, f"{where} asks nothing.")),
        "options": options,
        "right": right,
        "explanation": _put(
            former.get("explanation"), locale, _needed(question.explanation, f"{where} needs an explanation.")
        ),
        "policy_code": question.policy_code,
    }
    if question.policy_code is None:
        del made["policy_code"]
    return made


def _locale(body: Body) -> str:
    return str(body.get("default_locale", "en"))


def _said(text: Mapping[str, str] | None, locale: str) -> str:
    return (text or {}).get(locale, "")


def _put(former: Mapping[str, str] | None, locale: str, text: str) -> dict[str, str]:
    return {**(former or {}), locale: text}


def _at(rows: Sequence[Body], number: int) -> Body:
    return rows[number] if number < len(rows) else {}


def _needed(text: str, message: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise InvalidInputError(message)
    return stripped
