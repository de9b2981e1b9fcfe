"""A lesson as the learner meets it: texts in her language, options in a shuffled order, never which one is right.

Right answers and explanations are shown only in the result of an attempt that was handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from operational_db.assessment.rules import shuffled
from operational_db.content.body import (
    Decision,
    LessonBody,
    Media,
    MediaKind,
    Question,
    Slide,
    Step,
    text_in,
)
from operational_db.types import LessonTrigger, LessonType, ProficiencyLevel


@dataclass(frozen=True)
class CaptionView:
    from_seconds: Decimal
    to_seconds: Decimal
    text: str


@dataclass(frozen=True)
class MediaView:
    kind: MediaKind
    alt: str
    svg: str | None
    url: str | None
    length_seconds: Decimal
    captions: Sequence[CaptionView]


@dataclass(frozen=True)
class SlideView:
    id: str
    title: str
    text: str
    points: Sequence[str]
    media: MediaView | None


@dataclass(frozen=True)
class OptionView:
    id: str
    text: str


@dataclass(frozen=True)
class QuestionView:
    """A question, or a decision of a simulation, whose situation is the prompt."""

    id: str
    prompt: str
    options: Sequence[OptionView]
    is_multiple: bool
    policy_code: str | None


@dataclass(frozen=True)
class DefinitionView:
    code: str
    text: str


@dataclass(frozen=True)
class StepView:
    id: str
    ui_state: str
    feature_flag: str | None
    title: str
    text: str
    keys: str | None
    definitions: Sequence[DefinitionView]


@dataclass(frozen=True)
class LinkView:
    label: str
    target: str


@dataclass(frozen=True, kw_only=True)
class LessonView:
    """A published lesson, opened. `checks` answer at once and are not graded; what is graded comes with the attempt."""

    lesson_id: UUID
    version_id: UUID
    code: str
    title: str
    objective: str
    lesson_type: LessonType
    version: str
    minutes: Decimal
    pass_threshold: int
    scope_tags: Sequence[str]
    locale: str
    locales: Sequence[str]
    setting: str | None
    slides: Sequence[SlideView]
    checks: Sequence[QuestionView]
    questions: Sequence[QuestionView]
    steps: Sequence[StepView]
    links: Sequence[LinkView]
    policy_codes: Sequence[str]
    runbook_codes: Sequence[str]
    course_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class AttemptView:
    """An open attempt with its questions in the order of this very attempt."""

    attempt_id: UUID
    lesson_id: UUID
    version: str
    attempt_number: int
    started_at: datetime
    hand_in_by: datetime
    questions: Sequence[QuestionView]
    steps: Sequence[StepView]


@dataclass(frozen=True)
class Remediation:
    """What to read again: why, under which policy, on which slide."""

    explanation: str
    policy_code: str | None
    policy_title: str | None
    slide_id: str | None
    slide_title: str | None


@dataclass(frozen=True)
class QuestionResult:
    """`remediation` is set for what went wrong; `consequence` for every decision of a simulation."""

    question_id: str
    is_right: bool
    chosen: Sequence[str]
    remediation: Remediation | None
    consequence: str | None = None


@dataclass(frozen=True)
class EvidenceLine:
    """What the person has proved by it: a level in a scope or track, and until when."""

    evidence_id: UUID
    scope: str | None
    track_id: UUID | None
    level: ProficiencyLevel
    expires_on: date | None


@dataclass(frozen=True, kw_only=True)
class AttemptResult:
    """`retry_at` is when the next try may start after a failure; None when at once, or when it was passed."""

    attempt_id: UUID
    lesson_id: UUID
    lesson_version: str
    trigger: LessonTrigger
    attempt_number: int
    score: Decimal
    pass_threshold: int
    is_passed: bool
    seconds_taken: int
    questions: Sequence[QuestionResult]
    evidence: Sequence[EvidenceLine]
    retry_at: datetime | None


def locale_of(body: LessonBody, locales: Sequence[str], wanted: str | None) -> str:
    """The language a lesson is shown in: the wanted one, its main language, else the lesson's own."""
    if wanted is not None:
        for candidate in (wanted, wanted.split("-")[0]):
            if candidate in locales:
                return candidate
    return body.default_locale


class Presenter:
    """Writes parts of a body in one language; `key` decides the order of options."""

    def __init__(
        self, body: LessonBody, locale: str, key: UUID, policy_titles: Mapping[str, str] | None = None
    ) -> None:
        self.body = body
        self.locale = locale
        self.key = key
        self.policy_titles = policy_titles or {}

    def text(self, text: dict[str, str] | None, otherwise: str = "") -> str:
        return text_in(text, self.locale, self.body.default_locale) if text else otherwise

    def slides(self) -> tuple[SlideView, ...]:
        media = {item.id: item for item in self.body.media}
        return tuple(self._slide(slide, media.get(slide.media_id or "")) for slide in self.body.slides)

    def _slide(self, slide: Slide, media: Media | None) -> SlideView:
        points = tuple(self.text(point) for point in slide.points)
        return SlideView(
            slide.id, self.text(slide.title), self.text(slide.text), points, self._media(media) if media else None
        )

    def _media(self, media: Media) -> MediaView:
        captions = tuple(
            CaptionView(caption.from_seconds, caption.to_seconds, self.text(caption.text)) for caption in media.captions
        )
        return MediaView(media.kind, self.text(media.alt), media.svg, media.url, media.length_seconds, captions)

    def questions(self, items: Sequence[Question | Decision | Step]) -> tuple[QuestionView, ...]:
        return tuple(self._question(item) for item in items if not isinstance(item, Step))

    def _question(self, item: Question | Decision) -> QuestionView:
        choices = item.options if isinstance(item, Question) else item.choices
        texts = [(choice.id, self.text(choice.text)) for choice in choices]
        options = tuple(OptionView(option_id, text) for option_id, text in shuffled(texts, self.key, item.id))
        if isinstance(item, Question):
            return QuestionView(item.id, self.text(item.prompt), options, len(item.right) > 1, item.policy_code)
        return QuestionView(item.id, self.text(item.situation), options, False, item.policy_code)

    def steps(self) -> tuple[StepView, ...]:
        return tuple(
            StepView(
                step.id,
                step.ui_state,
                step.feature_flag,
                self.text(step.title),
                self.text(step.text),
                step.keys,
                tuple(DefinitionView(one.code, self.text(one.text)) for one in step.definitions),
            )
            for step in self.body.steps
        )

    def links(self) -> tuple[LinkView, ...]:
        return tuple(LinkView(self.text(link.label), link.target) for link in self.body.links)
