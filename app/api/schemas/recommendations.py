"""Bodies of recommended courses: each course with its reasons, and how the part beyond the facts came about."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from app.learned.courses import CourseList
from models.recommending.ranking import ReasonKind


class ReasonBody(BaseModel):
    """One reason in words; `on` is its date, and `is_fact` says that it rests on a record and not on other people."""

    kind: ReasonKind
    text: str
    on: date | None
    is_fact: bool


class RecommendedCourseBody(BaseModel):
    rank: int
    course_id: UUID
    title: str
    reason: str
    reasons: list[ReasonBody]
    needs_sponsor: bool


class DismissedCourseBody(BaseModel):
    course_id: UUID
    title: str


class RecommendationsBody(BaseModel):
    """`is_learned`: what people alike took next is among it, since it beat the yardsticks here; else what is popular.

    `evidence` says so in words; `model_version` is the registered model, if any.
    """

    person_id: UUID
    recommendations: list[RecommendedCourseBody]
    is_learned: bool
    evidence: str
    model_version: int | None
    dismissed: list[DismissedCourseBody]


def to_recommendations_body(found: CourseList) -> RecommendationsBody:
    return RecommendationsBody(
        person_id=found.person_id,
        recommendations=[
            RecommendedCourseBody(
                rank=course.rank,
                course_id=course.course_id,
                title=course.title,
                reason=course.reasons[0].text,
                reasons=[
                    ReasonBody(kind=reason.kind, text=reason.text, on=reason.on, is_fact=reason.is_fact)
                    for reason in course.reasons
                ],
                needs_sponsor=course.needs_sponsor,
            )
            for course in found.courses
        ],
        is_learned=found.is_learned,
        evidence=found.served.sentence,
        model_version=found.served.version,
        dismissed=[DismissedCourseBody(course_id=each.course_id, title=each.title) for each in found.dismissed],
    )
