"""Bodies of taking lessons. Right answers appear in no body but the result of an attempt that was handed in."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.compliance import RequestBody
from operational_db.content.body import MediaKind
from operational_db.types import LessonTrigger, LessonType, ProficiencyLevel


class ViewBody(BaseModel):
    """Read from the views of the core; scores and minutes are numbers."""

    model_config = ConfigDict(from_attributes=True)


class LessonRequest(RequestBody):
    """`organization_id` is where the caller learns: one of her organizations, or none."""

    organization_id: UUID | None = None
    trigger: LessonTrigger = LessonTrigger.BROWSE


class AnswersRequest(RequestBody):
    """Option ids by question; "done" for every step of a walkthrough."""

    answers: dict[str, list[str]] = Field(max_length=50)


class CheckRequest(RequestBody):
    organization_id: UUID | None = None
    chosen: list[str] = Field(max_length=6)


class LessonListBody(ViewBody):
    id: UUID
    organization_id: UUID | None
    code: str
    title: str
    lesson_type: LessonType
    version_id: UUID
    version: str
    minutes: float
    scope_tags: list[str]
    locales: list[str]
    course_id: UUID | None


class CaptionBody(ViewBody):
    from_seconds: float
    to_seconds: float
    text: str


class MediaBody(ViewBody):
    kind: MediaKind
    alt: str
    svg: str | None
    url: str | None
    length_seconds: float
    captions: list[CaptionBody]


class SlideBody(ViewBody):
    id: str
    title: str
    text: str
    points: list[str]
    media: MediaBody | None


class OptionBody(ViewBody):
    id: str
    text: str


class QuestionBody(ViewBody):
    id: str
    prompt: str
    options: list[OptionBody]
    is_multiple: bool
    policy_code: str | None


class DefinitionBody(ViewBody):
    code: str
    text: str


class StepBody(ViewBody):
    id: str
    ui_state: str
    feature_flag: str | None
    title: str
    text: str
    keys: str | None
    definitions: list[DefinitionBody]


class LinkBody(ViewBody):
    label: str
    target: str


class LessonBody(ViewBody):
    lesson_id: UUID
    version_id: UUID
    code: str
    title: str
    objective: str
    lesson_type: LessonType
    version: str
    minutes: float
    pass_threshold: int
    scope_tags: list[str]
    locale: str
    locales: list[str]
    setting: str | None
    slides: list[SlideBody]
    checks: list[QuestionBody]
    questions: list[QuestionBody]
    steps: list[StepBody]
    links: list[LinkBody]
    policy_codes: list[str]
    runbook_codes: list[str]
    course_id: UUID | None


class LessonAttemptBody(ViewBody):
    """An open attempt: hand it in by `hand_in_by`."""

    attempt_id: UUID
    lesson_id: UUID
    version: str
    attempt_number: int
    started_at: datetime
    hand_in_by: datetime
    questions: list[QuestionBody]
    steps: list[StepBody]


class RemediationBody(ViewBody):
    explanation: str
    policy_code: str | None
    policy_title: str | None
    slide_id: str | None
    slide_title: str | None


class QuestionResultBody(ViewBody):
    question_id: str
    is_right: bool
    chosen: list[str]
    remediation: RemediationBody | None
    consequence: str | None


class EvidenceBody(ViewBody):
    evidence_id: UUID
    scope: str | None
    track_id: UUID | None
    level: ProficiencyLevel
    expires_on: date | None


class AttemptResultBody(ViewBody):
    attempt_id: UUID
    lesson_id: UUID
    lesson_version: str
    attempt_number: int
    score: float
    pass_threshold: int
    is_passed: bool
    seconds_taken: int
    questions: list[QuestionResultBody]
    evidence: list[EvidenceBody]
    retry_at: datetime | None
