"""One person's training as recommending needs it, for those who may know it, and what she puts away.

Frames only: which course comes first and why is decided by `models.recommending`, whose columns these are (a test holds
both together). What people put away is nobody else's business and no fact for the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy.orm import Session

from operational_db.catalog.repository import CatalogRepository
from operational_db.catalog.search import Viewer
from operational_db.compliance.service import required_trainings_of
from operational_db.credentials.access import may_see_all
from operational_db.credentials.renewal_rules import RenewalCode
from operational_db.credentials.renewals import missing_for_renewal
from operational_db.credentials.repository import CredentialsRepository
from operational_db.credentials.service import expiring_certificates_of
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.learning.rules import available_seats
from operational_db.learning.service import SPONSOR_PAYS, enroll
from operational_db.paging import PageRequest
from operational_db.recommending.repository import RecommendingRepository
from operational_db.tables.catalog import Course
from operational_db.tables.identity import Membership
from operational_db.tables.learning import Enrollment
from operational_db.types import OPEN_ENROLLMENT_STATUSES, CourseStatus, EnrollmentStatus, TrainingStatus

# A certificate asks for its course from so many days before its last.
LAPSING_WITHIN_DAYS = 90
MOST_GIVING_CREDITS = 2
# Who looks after somebody's training.
VIEWING = (Permission.VIEW_COMPLIANCE, Permission.VIEW_STUDENTS)
_MET = frozenset({TrainingStatus.COMPLETED, TrainingStatus.EXEMPTED})

COURSES: Mapping[str, Any] = {
    "course_id": pl.String,
    "title": pl.String,
    "subject": pl.String,
    "certification_id": pl.String,
    "is_open": pl.Boolean,
    "missing_course_ids": pl.List(pl.String),
    "missing_certification_ids": pl.List(pl.String),
    "completed_on": pl.Date,
    "is_told": pl.Boolean,
    "is_running": pl.Boolean,
    "is_dismissed": pl.Boolean,
    "needs_sponsor": pl.Boolean,
    "recent_count": pl.Int64,
    "phrases": pl.List(pl.String),
}
NEEDS: Mapping[str, Any] = {
    "course_id": pl.String,
    "certification_id": pl.String,
    "name": pl.String,
    "required_by": pl.String,
    "due_on": pl.Date,
    "is_overdue": pl.Boolean,
}
LAPSES: Mapping[str, Any] = {
    "name": pl.String,
    "expires_on": pl.Date,
    "course_id": pl.String,
    "is_for_credits": pl.Boolean,
}
STEPS: Mapping[str, Any] = {
    "path_id": pl.String,
    "path_title": pl.String,
    "phrases": pl.List(pl.String),
    "course_id": pl.String,
    "order_index": pl.Int64,
    "is_required": pl.Boolean,
}
WISHES: Mapping[str, Any] = {"kind": pl.String, "text": pl.String}


@dataclass(frozen=True)
class PersonFrames:
    """See `models.recommending.person` for what the columns mean."""

    courses: pl.DataFrame
    needs: pl.DataFrame
    lapses: pl.DataFrame
    steps: pl.DataFrame
    wishes: pl.DataFrame
    contexts: tuple[str, ...]
    organization_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DismissedCourse:
    course_id: UUID
    title: str


def person_frames(session: Session, principal: Principal, *, person_id: UUID, now: datetime) -> PersonFrames:
    """What speaks for and against each course for the person, as the principal may know it.

    She herself sees all of it. Who looks after her training in an organization sees the requirements of that
    organization and what it sponsored; not her goals, nor what she put away or did elsewhere, though no course she
    completed elsewhere is put up either.

    Raises
    ------
    NotFoundError
        When the principal is neither the person nor looks after her training: that she exists is none of her business.
    """
    repository = RecommendingRepository(session)
    today = now.date()
    memberships = repository.memberships(person_id, on=today)
    names = {membership.organization_id: name for membership, name in memberships}
    is_own = principal.is_person(person_id)
    seen = _organizations_seen(principal, frozenset(names), is_own=is_own)
    if not is_own and not seen:
        raise NotFoundError("There is no person with this id among your members. Check the id or search by name.")
    viewer = _as_learner(person_id, [membership for membership, _ in memberships])
    enrollments = repository.enrollments(person_id)
    courses = repository.courses(viewer, {enrollment.course_id for enrollment in enrollments})
    reader = _Reader(repository, person_id, courses, enrollments, told_by=None if is_own else seen, now=now)
    visible_needs = seen if not is_own else frozenset(names)
    return PersonFrames(
        courses=_frame([reader.course_row(course, shows_dismissed=not is_own) for course in courses], COURSES),
        needs=_frame(_needs(session, principal, person_id, visible_needs, names, reader, on=today), NEEDS),
        lapses=_frame(_lapses(session, principal, person_id, reader, on=today), LAPSES),
        steps=_frame(_steps(repository, frozenset(names)), STEPS),
        wishes=_frame(_wishes(repository, person_id) if is_own else [], WISHES),
        contexts=tuple(
            sorted(
                {f"role:{membership.role}" for membership, _ in memberships}
                | {f"member:{organization_id}" for organization_id in names}
            )
        ),
        organization_names={str(organization_id): name for organization_id, name in names.items()},
    )


def dismiss_course(session: Session, principal: Principal, *, course_id: UUID, now: datetime) -> None:
    """Do not put the course before the principal again, unless she takes that back; said twice, it counts once.

    Raises
    ------
    InvalidInputError
        When there is no person behind the principal.
    NotFoundError
        When there is no such course for her.
    """
    herself = _herself(principal)
    _require_visible(session, herself, course_id, on=now.date())
    RecommendingRepository(session).put_dismissal(herself, course_id, now)


def restore_course(session: Session, principal: Principal, *, course_id: UUID, now: datetime) -> None:
    """Take a dismissal back, also of a course she no longer finds; without one nothing changes.

    Raises
    ------
    InvalidInputError
        When there is no person behind the principal.
    NotFoundError
        When there is no such course for her.
    """
    herself, repository = _herself(principal), RecommendingRepository(session)
    if course_id not in repository.dismissed(herself):
        _require_visible(session, herself, course_id, on=now.date())
    repository.remove_dismissal(herself, course_id)


def dismissed_courses(session: Session, principal: Principal) -> list[DismissedCourse]:
    """What the principal put away, by title."""
    if principal.is_system:
        return []
    found = RecommendingRepository(session).dismissed_titles(principal.person_id)
    return [DismissedCourse(course_id, title) for course_id, title in found]


def enroll_in_recommended(session: Session, principal: Principal, *, course_id: UUID, now: datetime) -> Enrollment:
    """Enroll the principal; an organization that assigned her the course sponsors it and sees the progress.

    Raises
    ------
    DomainError
        As `learning.service.enroll`.
    """
    herself = _herself(principal)
    sponsor = RecommendingRepository(session).assigned_by(herself).get(course_id)
    if sponsor not in principal.organization_ids:
        sponsor = None
    return enroll(session, principal, person_id=herself, course_id=course_id, organization_id=sponsor, now=now)


def _herself(principal: Principal) -> UUID:
    if principal.is_system:
        raise InvalidInputError("Only a person can put a recommendation away; sign in as one.")
    return principal.person_id


def _require_visible(session: Session, person_id: UUID, course_id: UUID, *, on: date) -> None:
    memberships = RecommendingRepository(session).memberships(person_id, on=on)
    viewer = _as_learner(person_id, [membership for membership, _ in memberships])
    CatalogRepository(session).visible_course(course_id, viewer)


def _as_learner(person_id: UUID, memberships: Sequence[Membership]) -> Viewer:
    """The person without what she manages or administers: a recommendation is for her as a learner."""
    return Viewer(
        person_id=person_id,
        member_of=frozenset(membership.organization_id for membership in memberships),
        teams=frozenset(membership.team_id for membership in memberships if membership.team_id is not None),
        manages=frozenset(),
        is_unrestricted=False,
    )


def _organizations_seen(principal: Principal, member_of: frozenset[UUID], *, is_own: bool) -> frozenset[UUID]:
    if is_own or principal.is_unrestricted:
        return member_of
    allowed: frozenset[UUID] = frozenset()
    for permission in VIEWING:
        allowed |= principal.organizations_with(permission)
    return allowed & member_of


class _Reader:
    """What one person did and lacks, looked up per course; `told_by` None tells everything."""

    def __init__(
        self,
        repository: RecommendingRepository,
        person_id: UUID,
        courses: Sequence[Course],
        enrollments: Sequence[Enrollment],
        *,
        told_by: frozenset[UUID] | None,
        now: datetime,
    ) -> None:
        self.now = now
        self.courses = courses
        self.names = repository.certification_names()
        self.held = repository.held_certifications(person_id, on=now.date())
        self.counts = repository.recent_completions(now=now)
        self.assigned_by = repository.assigned_by(person_id)
        self.dismissed = repository.dismissed(person_id)
        self.taken_seats = repository.open_counts([c.id for c in courses if c.max_enrollment is not None])
        self.running = {e.course_id for e in enrollments if e.status in OPEN_ENROLLMENT_STATUSES}
        self.completed: dict[UUID, date] = {}
        self.told: set[UUID] = set()
        for enrollment in enrollments:
            if enrollment.status is EnrollmentStatus.COMPLETED and enrollment.ended_at is not None:
                self.completed[enrollment.course_id] = enrollment.ended_at.date()
                if told_by is None or enrollment.organization_id in told_by:
                    self.told.add(enrollment.course_id)

    def course_row(self, course: Course, *, shows_dismissed: bool) -> dict[str, object]:
        leads_to = course.certification_id if course.leads_to_certification else None
        asked: dict[str, list[UUID]] = {"course": [], "certification": []}
        for prerequisite in course.prerequisites:
            asked[str(prerequisite["type"])].append(UUID(str(prerequisite["id"])))
        certification = [self.names[leads_to]] if leads_to in self.names and leads_to is not None else []
        return {
            "course_id": str(course.id),
            "title": course.title,
            "subject": course.trade,
            "certification_id": None if leads_to is None else str(leads_to),
            "is_open": self._is_open(course),
            "missing_course_ids": [str(each) for each in asked["course"] if each not in self.completed],
            "missing_certification_ids": [str(each) for each in asked["certification"] if each not in self.held],
            "completed_on": self.completed.get(course.id),
            "is_told": course.id in self.told,
            "is_running": course.id in self.running,
            "is_dismissed": course.id in self.dismissed and not shows_dismissed,
            "needs_sponsor": course.pricing_model in SPONSOR_PAYS and course.id not in self.assigned_by,
            "recent_count": self.counts.get(course.id, 0),
            "phrases": [
                course.title,
                *course.tags,
                *([course.subcategory] if course.subcategory else []),
                *certification,
            ],
        }

    def giving_credits(self) -> list[UUID]:
        """The most taken courses that give continuing education credits and are open to her, of her own trades."""
        trades = {c.trade for c in self.courses if c.id in self.completed or c.id in self.running}
        giving = [
            c
            for c in self.courses
            if c.ce_credits > 0
            and self._is_open(c)
            and c.id not in self.completed
            and c.id not in self.running
            and (not trades or c.trade in trades)
        ]
        giving.sort(key=lambda c: (-self.counts.get(c.id, 0), c.title, c.id))
        return [c.id for c in giving[:MOST_GIVING_CREDITS]]

    def _is_open(self, course: Course) -> bool:
        """Takes enrollments, and a dated session has not begun."""
        seats = available_seats(course.max_enrollment, self.taken_seats.get(course.id, 0))
        return (
            course.status is CourseStatus.PUBLISHED
            and (course.enrollment_deadline is None or self.now <= course.enrollment_deadline)
            and (course.session_starts_on is None or self.now.date() <= course.session_starts_on)
            and (seats is None or seats > 0)
        )


def _needs(
    session: Session,
    principal: Principal,
    person_id: UUID,
    organization_ids: frozenset[UUID],
    names: Mapping[UUID, str],
    reader: _Reader,
    *,
    on: date,
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for organization_id in sorted(organization_ids):
        if not principal.is_person(person_id) and not principal.can(Permission.VIEW_COMPLIANCE, organization_id):
            continue
        for training in required_trainings_of(session, principal, organization_id, on=on, person_ids=[person_id]):
            if training.status in _MET:
                continue
            certification_id = training.certification_id if training.course_id is None else None
            rows.append(
                {
                    "course_id": None if training.course_id is None else str(training.course_id),
                    "certification_id": None if certification_id is None else str(certification_id),
                    "name": reader.names.get(certification_id, "") if certification_id else "",
                    "required_by": names[organization_id],
                    "due_on": training.due_on,
                    "is_overdue": training.status is TrainingStatus.OVERDUE,
                }
            )
    return rows


def _lapses(
    session: Session, principal: Principal, person_id: UUID, reader: "_Reader", *, on: date
) -> list[dict[str, object]]:
    """Per certificate about to lapse, the courses that renew it; where credits do, some that give credits."""
    if not may_see_all(CredentialsRepository(session), principal, person_id, on=on):
        return []
    page = expiring_certificates_of(
        session, principal, person_id=person_id, on=on, within_days=LAPSING_WITHIN_DAYS, page=PageRequest(size=100)
    )
    rows: list[dict[str, object]] = []
    for certificate in page.items:
        steps = missing_for_renewal(session, principal, certificate_id=certificate.certificate_id, on=on)
        renewing = [(step.course_id, False) for step in steps if step.course_id is not None]
        if any(step.code is RenewalCode.CE_CREDITS for step in steps):
            renewing.extend((course_id, True) for course_id in reader.giving_credits())
        rows.extend(
            {
                "name": certificate.certification_name,
                "expires_on": certificate.expires_on,
                "course_id": str(course_id),
                "is_for_credits": is_for_credits,
            }
            for course_id, is_for_credits in renewing
        )
    return rows


def _steps(repository: RecommendingRepository, member_of: frozenset[UUID]) -> list[dict[str, object]]:
    steps = repository.path_steps(member_of)
    earned = repository.path_certifications({path.id for path, _ in steps})
    return [
        {
            "path_id": str(path.id),
            "path_title": path.title,
            "phrases": [path.target_role.replace("_", " "), *path.career_outcomes, *earned.get(path.id, [])],
            "course_id": str(step.course_id),
            "order_index": step.order_index,
            "is_required": step.is_required,
        }
        for path, step in steps
    ]


def _wishes(repository: RecommendingRepository, person_id: UUID) -> list[dict[str, object]]:
    profile = repository.mentee_profile(person_id)
    if profile is None:
        return []
    goal = profile.career_goal.strip()
    interests = dict.fromkeys(text.strip() for text in (*profile.specialization_interests, *profile.skills_to_develop))
    wishes = [("goal", goal), *(("interest", text) for text in interests)]
    return [{"kind": kind, "text": text} for kind, text in wishes if text]


def _frame(rows: Sequence[Mapping[str, object]], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")
