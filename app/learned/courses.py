"""Courses next for a person: loads what counts for her, asks the model that serves, and says how much it is worth.

Used by the API, the pages and the command line. What is popular stands in wherever the learned part did not earn its
place, is not there, or its file is damaged, and the answer says which.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from models.recommending.artifact import DamagedArtifactError, load_recommender
from models.recommending.learned import CoCompletion
from models.recommending.person import Person
from models.recommending.ranking import Reason, recommend
from models.recommending.records import Records
from operational_db.identity.rules import Principal
from operational_db.learned.service import serving_model
from operational_db.recommending.records import training_frames
from operational_db.recommending.service import DismissedCourse, dismissed_courses, person_frames
from operational_db.settings import Settings
from operational_db.types import LearnedModelKind

log = logging.getLogger(__name__)

MOST_COURSES = 20
NOT_TRAINED = "What people like you took next has not been learned here yet. What is popular is shown instead."
DAMAGED = (
    "The file of what was learned is damaged or missing, so what is popular is shown instead. "
    "Your administrator can train it again or go back to the former one."
)


@dataclass(frozen=True)
class Served:
    """The learned part that serves, or None and why; `sentence` is the verdict in plain words."""

    model: CoCompletion | None
    sentence: str
    version: int | None
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class RecommendedCourse:
    rank: int
    course_id: UUID
    title: str
    reasons: tuple[Reason, ...]
    needs_sponsor: bool


@dataclass(frozen=True)
class CourseList:
    """What is recommended, how the part beyond the facts came about, and what she put away (her own list only)."""

    person_id: UUID
    courses: tuple[RecommendedCourse, ...]
    served: Served
    dismissed: tuple[DismissedCourse, ...]

    @property
    def is_learned(self) -> bool:
        return self.served.model is not None


def recommend_courses(
    session: Session, settings: Settings, principal: Principal, *, person_id: UUID, now: datetime, top: int = 8
) -> CourseList:
    """At most `top` courses next for the person, each with its reasons.

    Raises
    ------
    NotFoundError
        When the principal neither is the person nor looks after her training.
    """
    frames = person_frames(session, principal, person_id=person_id, now=now)
    person = Person.from_frames(
        courses=frames.courses,
        needs=frames.needs,
        lapses=frames.lapses,
        steps=frames.steps,
        wishes=frames.wishes,
        contexts=frames.contexts,
        organization_names=frames.organization_names,
    )
    served = serving_recommender(session, settings)
    found = recommend(person, today=now.date(), learned=served.model, top=min(top, MOST_COURSES))
    return CourseList(
        person_id=person_id,
        courses=tuple(
            RecommendedCourse(rank, UUID(each.course_id), each.title, each.reasons, each.needs_sponsor)
            for rank, each in enumerate(found, start=1)
        ),
        served=served,
        dismissed=tuple(dismissed_courses(session, principal)) if principal.is_person(person_id) else (),
    )


def serving_recommender(session: Session, settings: Settings) -> Served:
    """The registered model with its verdict; the model is None unless it beat both yardsticks on held-out records."""
    row = serving_model(session, LearnedModelKind.COURSE_RECOMMENDING)
    if row is None:
        return Served(None, NOT_TRAINED, None)
    sentence = str(row.card.get("sentence") or NOT_TRAINED)
    if row.card.get("is_learned_shown") is not True:
        return Served(None, sentence, row.version)
    path = settings.models_path / row.artifact
    try:
        stamp = path.stat()
        return Served(_loaded(path, row.sha256, stamp.st_mtime_ns, stamp.st_size), sentence, row.version)
    except (DamagedArtifactError, OSError) as error:
        log.warning("recommender_damaged", extra={"version": row.version, "problem": type(error).__name__})
        return Served(None, DAMAGED, row.version, is_damaged=True)


def installation_records(session: Session, *, until: datetime) -> Records:
    """Everybody's training as the recommender learns from it; for training and evaluation, never for a page."""
    frames = training_frames(session, until=until)
    return Records.from_frames(frames.taken, courses=frames.courses, paths=frames.paths, members=frames.members)


@lru_cache(maxsize=2)
def _loaded(path: Path, sha256: str, changed_at: int, size: int) -> CoCompletion:
    """Read and checked once for each state of the file, so that one damaged later is noticed."""
    return load_recommender(path, sha256)
