"""The shape of a lesson version's `body`: slides, media, questions, walkthrough steps, scenario, links, per language.

Too much or contradictory is refused here, whoever writes it; what is merely unfinished (a missing caption or
translation) may be drafted and is named by the ready-to-ship checklist in `rules`.

The seed asks for 1-2 knowledge checks in every micro-lesson and yet gives its example a quiz of 4 questions. Both hold:
`checks` are the 1-2 knowledge checks met on the slides, `quiz` is an optional graded quiz of 3-10 questions after them.
What is graded is the quiz where there is one, else the checks; ungraded checks answer at once and count for nothing.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)

from operational_db.content.pictures import svg_problem
from operational_db.errors import InvalidInputError
from operational_db.types import LessonType

MOST_CHECKS = 2
FEWEST_QUIZ_QUESTIONS, MOST_QUIZ_QUESTIONS = 3, 10

Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{1,39}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
# A place in the interface, such as exports.new.columns, and a flag that must be on for it to be there.
StateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=120)]
Text = Annotated[dict[Locale, Words], Field(min_length=1)]


def _require_safe(svg: str) -> str:
    problem = svg_problem(svg)
    if problem is not None:
        raise ValueError(problem)
    return svg


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MediaKind(StrEnum):
    ANIMATION = "animation"
    IMAGE = "image"
    CLIP = "clip"


class Caption(Shape):
    """Shown from one second to the other, counted from the start of the clip."""

    from_seconds: Decimal = Field(ge=0)
    to_seconds: Decimal = Field(gt=0)
    text: Text

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.to_seconds <= self.from_seconds:
            raise ValueError("a caption ends after it starts")
        return self


class Media(Shape):
    """A drawing we ship (`svg`, possibly moving) or a clip elsewhere (`url`); moving ones need captions to ship."""

    id: Name
    kind: MediaKind
    alt: Text
    svg: Annotated[str, AfterValidator(_require_safe)] | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=500)] | None = None
    length_seconds: Decimal = Field(default=Decimal(0), ge=0, le=300)
    captions: tuple[Caption, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.svg is None) == (self.url is None):
            raise ValueError("media is either drawn here (svg) or elsewhere (url)")
        if (self.kind is MediaKind.IMAGE) != (self.length_seconds == 0):
            raise ValueError("an animation or clip has a length, an image has none")
        if any(caption.to_seconds > self.length_seconds for caption in self.captions):
            raise ValueError("a caption runs longer than its media")
        return self

    @property
    def is_moving(self) -> bool:
        return self.kind is not MediaKind.IMAGE


class Slide(Shape):
    id: Name
    title: Text
    text: Text
    points: tuple[Text, ...] = Field(default=(), max_length=6)
    media_id: Name | None = None


class Option(Shape):
    id: Name
    text: Text


class Question(Shape):
    """Right when exactly the right options are chosen. On failure the explanation and the slide are shown."""

    id: Name
    prompt: Text
    options: tuple[Option, ...] = Field(min_length=2, max_length=6)
    right: Annotated[frozenset[Name], PlainSerializer(sorted, list[str])] = Field(min_length=1)
    policy_code: Code | None = None
    explanation: Text
    slide_id: Name | None = None

    @model_validator(mode="after")
    def _has_its_answers(self) -> Self:
        ids = [option.id for option in self.options]
        if len(set(ids)) != len(ids):
            raise ValueError("two options have the same id")
        if not self.right <= set(ids):
            raise ValueError("a right answer is not among the options")
        if len(self.right) == len(ids):
            raise ValueError("every option is right, so that nothing is asked")
        return self


class Definition(Shape):
    """What a policy or runbook means, said where it is needed."""

    code: Code
    text: Text


class Step(Shape):
    """One overlay of a walkthrough, shown in a state of the interface, where its feature flag is on."""

    id: Name
    ui_state: StateName
    feature_flag: StateName | None = None
    title: Text
    text: Text
    # Keys that do the step without a pointer; without them the walkthrough does not ship.
    keys: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] | None = None
    definitions: tuple[Definition, ...] = ()


class Choice(Shape):
    """What one may do at a point of the scenario: its points, and whether it does harm that no other choice mends."""

    id: Name
    text: Text
    points: int = Field(ge=0, le=10)
    is_harmful: bool = False
    consequence: Text


class Decision(Shape):
    id: Name
    situation: Text
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=5)
    policy_code: Code | None = None

    @property
    def most_points(self) -> int:
        return max(choice.points for choice in self.choices)

    @model_validator(mode="after")
    def _can_be_decided(self) -> Self:
        ids = [choice.id for choice in self.choices]
        if len(set(ids)) != len(ids):
            raise ValueError("two choices have the same id")
        if self.most_points == 0:
            raise ValueError("no choice earns a point")
        if any(choice.is_harmful and choice.points for choice in self.choices):
            raise ValueError("a harmful choice earns no points")
        return self


class Scenario(Shape):
    """A sandbox of decisions, one after the other; passed at the threshold, and never with a harmful choice."""

    setting: Text
    decisions: tuple[Decision, ...] = Field(min_length=2, max_length=10)


class Link(Shape):
    """`target` is policy:CODE, runbook:CODE, lesson:CODE or an https address."""

    label: Text
    target: Annotated[
        str,
        StringConstraints(pattern=r"^((policy|runbook|lesson):[A-Za-z0-9-]+|https://[^\s]+)$", max_length=500),
    ]


class LessonBody(Shape):
    """What a version shows and asks. Which parts a lesson may have depends on its type: see `PARTS_OF_TYPE`."""

    default_locale: Locale = "en"
    title: Text | None = None
    objective: Text | None = None
    trigger: Text | None = None
    prerequisites: Text | None = None
    slides: tuple[Slide, ...] = Field(default=(), max_length=12)
    media: tuple[Media, ...] = Field(default=(), max_length=6)
    checks: tuple[Question, ...] = Field(default=(), max_length=MOST_CHECKS)
    quiz: tuple[Question, ...] = Field(default=(), max_length=MOST_QUIZ_QUESTIONS)
    steps: tuple[Step, ...] = Field(default=(), max_length=15)
    scenario: Scenario | None = None
    links: tuple[Link, ...] = Field(default=(), max_length=12)

    @model_validator(mode="after")
    def _refers_to_itself_only(self) -> Self:
        questions = [*self.checks, *self.quiz]
        for what, ids in (
            ("slides", [slide.id for slide in self.slides]),
            ("media", [media.id for media in self.media]),
            ("questions", [question.id for question in questions]),
            ("steps", [step.id for step in self.steps]),
            ("decisions", [decision.id for decision in self.scenario.decisions] if self.scenario else []),
        ):
            if len(set(ids)) != len(ids):
                raise ValueError(f"two {what} have the same id")
        slide_ids = {slide.id for slide in self.slides}
        for question in questions:
            if question.slide_id is not None and question.slide_id not in slide_ids:
                raise ValueError(f"question {question.id} points at a slide that is not there")
        media_ids = {media.id for media in self.media}
        for slide in self.slides:
            if slide.media_id is not None and slide.media_id not in media_ids:
                raise ValueError(f"slide {slide.id} shows media that is not there")
        for path, text in texts_of(self):
            if self.default_locale not in text:
                raise ValueError(f"{path} has no text in {self.default_locale}")
        return self

    @property
    def graded_questions(self) -> tuple[Question, ...]:
        """The quiz where there is one, else the knowledge checks."""
        return self.quiz or self.checks

    @property
    def ungraded_checks(self) -> tuple[Question, ...]:
        return self.checks if self.quiz else ()


# What each type may hold besides titles and links (seed, Content Types).
PARTS_OF_TYPE: dict[LessonType, frozenset[str]] = {
    LessonType.COURSE: frozenset(),
    LessonType.MICRO_LESSON: frozenset({"slides", "media", "checks", "quiz"}),
    LessonType.WALKTHROUGH: frozenset({"steps"}),
    LessonType.QUIZ: frozenset({"quiz"}),
    LessonType.SIMULATION: frozenset({"scenario"}),
}
_PARTS = ("slides", "media", "checks", "quiz", "steps", "scenario")


def parse_body(lesson_type: LessonType, value: Mapping[str, Any]) -> LessonBody:
    """The body, checked.

    Raises
    ------
    InvalidInputError
        Naming every place that is wrong, also parts that a lesson of this type does not have.
    """
    try:
        body = LessonBody.model_validate(value)
    except ValidationError as error:
        places = [
            f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors()
        ]
        raise InvalidInputError(
            f"The lesson's content is not well formed: {'; '.join(places[:10])}. Mend these places.",
            details={"problem_count": len(places)},
        ) from error
    strange = [part for part in _PARTS if getattr(body, part) and part not in PARTS_OF_TYPE[lesson_type]]
    if strange:
        raise InvalidInputError(
            f"A {lesson_type.replace('_', ' ')} has no {', '.join(strange)}. Leave that out or choose another type."
        )
    return body


def texts_of(shape: Shape, path: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every text in the body with its place, for translation."""
    for name in type(shape).model_fields:
        yield from _texts(getattr(shape, name), f"{path}.{name}" if path else name)


def _texts(value: object, path: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    if isinstance(value, Shape):
        yield from texts_of(value, path)
    elif isinstance(value, dict):
        yield path, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}.{getattr(item, 'id', index)}")


def text_in(text: Mapping[str, str], locale: str | None, default: str) -> str:
    """The text in the viewer's language: the exact locale, else its language, else the default."""
    if locale is not None:
        for wanted in (locale, locale.split("-")[0]):
            if wanted in text:
                return text[wanted]
    return text[default] if default in text else next(iter(text.values()))
