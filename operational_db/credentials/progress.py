"""Use cases on the way to a certification: how far somebody is, and issuing what a finished path or track earns.

`issue_for_path` is called by learning, `issue_for_track` and `revoke_for_track` by proficiency, each in the transaction
of what completes or ends them. Source: training-platform seed 3.2.1.1 (`leads_to_certifications`), 3.2.2.1; CRT-08.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.credentials import ce_credits
from operational_db.credentials.access import require_may_see_all
from operational_db.credentials.ce_repository import CeRepository
from operational_db.credentials.ce_rules import format_credits
from operational_db.credentials.progress_repository import PathWay, ProgressRepository, TrackWay
from operational_db.credentials.recording import issue_earned, revoke
from operational_db.credentials.repository import CredentialsRepository
from operational_db.errors import NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.learning.repository import LearningRepository
from operational_db.proficiency.repository import ProficiencyRepository
from operational_db.proficiency.rules import passed_since, track_alternatives
from operational_db.tables.credentials import Certificate
from operational_db.types import ProficiencyLevel

MOST_NEXT_STEPS = 10


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next on the way, and where."""

    text: str
    course_id: UUID | None = None
    lesson_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CertificationProgress:
    """How far a person is toward a certification, or toward renewing it: "2 of 3 courses, 4.5 CE credits short"."""

    certification_id: UUID
    name: str
    steps_done: int
    steps_total: int
    ce_short: Decimal
    text: str
    next_steps: tuple[NextStep, ...]


@dataclass(frozen=True)
class _Way:
    """One way to a certification: steps done and to do."""

    done: int
    total: int
    unit: str
    next_steps: tuple[NextStep, ...]

    @property
    def share(self) -> float:
        return self.done / self.total


def progress_toward(
    session: Session, principal: Principal, *, person_id: UUID, on: date
) -> list[CertificationProgress]:
    """Certifications a person is on the way to, the nearest first, and credits short of what she holds.

    A way is a course she is enrolled in, a path she has begun, or a track of which she has passed a lesson; of several
    the one she is furthest on. What a path or track has earned already counts no more: for the next certificate all of
    it is taken again.

    Raises
    ------
    NotFoundError
        When the principal may not see all of the person's certificates.
    """
    require_may_see_all(CredentialsRepository(session), principal, person_id, on=on)
    ways: dict[UUID, _Way] = {}
    for certification_id, way in (
        *_by_course(session, person_id),
        *_by_path(session, person_id, on=on),
        *_by_track(session, person_id, on=on),
    ):
        if certification_id not in ways or way.share > ways[certification_id].share:
            ways[certification_id] = way
    short = _credits_short(session, person_id, on=on)
    kinds = ProgressRepository(session).kinds({*ways, *short})
    found = [
        _to_progress(certification_id, kinds[certification_id].name, ways.get(certification_id), short)
        for certification_id in kinds
    ]
    return sorted(found, key=lambda each: (-_share(each), each.ce_short, each.name, each.certification_id))


def issue_for_path(
    session: Session, *, person_id: UUID, course_id: UUID, organization_id: UUID | None, now: datetime
) -> list[Certificate]:
    """Issue what the learning paths earn that a completed course was the last one missing on.

    A path is finished when every required course (every course, where none is required) was completed since it last
    earned the certificate, so that saying it again issues nothing, and taking all of it again renews. The person is
    locked before the courses are looked at: of the two last courses, finished at once, the later one sees the other.
    """
    repository = ProgressRepository(session)
    today = now.date()
    if not repository.paths_with(course_id, person_id, on=today):
        return []
    session.flush()
    credentials = CredentialsRepository(session)
    credentials.lock_person(person_id)
    issued = []
    for way in repository.paths_with(course_id, person_id, on=today):
        if _missing_courses(repository, person_id, way) or not way.courses:
            continue
        if credentials.same_day_certificate(person_id, way.certification_id, today) is not None:
            continue
        issued.append(
            issue_earned(
                session,
                person_id=person_id,
                certification_id=way.certification_id,
                issued_on=today,
                organization_id=organization_id,
                path_id=way.path_id,
                now=now,
            )
        )
    return issued


def issue_for_track(
    session: Session,
    *,
    person_id: UUID,
    track_id: UUID,
    organization_id: UUID | None,
    achieved_on: date,
    now: datetime,
) -> list[Certificate]:
    """Issue what being certified in a training track earns; said again for the same day it issues nothing."""
    kinds = ProgressRepository(session).kinds_of_track(track_id)
    if not kinds:
        return []
    credentials = CredentialsRepository(session)
    credentials.lock_person(person_id)
    return [
        issue_earned(
            session,
            person_id=person_id,
            certification_id=certification_id,
            issued_on=achieved_on,
            organization_id=organization_id,
            track_id=track_id,
            now=now,
        )
        for certification_id in kinds
        if credentials.same_day_certificate(person_id, certification_id, achieved_on) is None
    ]


def revoke_for_track(
    session: Session,
    *,
    person_id: UUID,
    track_id: UUID,
    organization_id: UUID | None,
    achieved_on: date,
    revoked_from: date,
    reason: str,
    now: datetime,
) -> Sequence[Certificate]:
    """Take back what being certified in a track earned on a day, once that certification was taken back itself.

    What was revoked or withdrawn before stays as it is.
    """
    CredentialsRepository(session).lock_person(person_id)
    found = ProgressRepository(session).track_certificates(person_id, track_id, issued_on=achieved_on)
    for certificate in found:
        revoke(
            session,
            certificate,
            revoked_from=max(revoked_from, certificate.issued_on),
            reason=reason,
            organization_id=organization_id,
            now=now,
        )
    return found


def set_path_certifications(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    path_id: UUID,
    certification_ids: Collection[UUID],
) -> None:
    """Say which certifications finishing a learning path earns from now on; `organization_id` is whose path it is.

    An organization lets its own paths earn what it issues itself (ISSUE_CERTIFICATES); anything else is the platform's.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    """
    repository = ProgressRepository(session)
    path = repository.path(path_id)
    if path is None or path.organization_id != organization_id:
        raise NotFoundError("There is no learning path with this id.")
    _require_may_earn(session, principal, path.organization_id, certification_ids)
    repository.set_path_kinds(path_id, certification_ids)


def set_track_certifications(
    session: Session, principal: Principal, *, title: str, certification_ids: Collection[UUID]
) -> None:
    """Say which certifications being certified in a training track of that title earns from now on; as for a path.

    Raises
    ------
    NotFoundError, NotAuthorizedError
    """
    repository = ProgressRepository(session)
    tracks = repository.tracks_titled(title)
    if not tracks:
        raise NotFoundError("There is no training track with this title. The coverage page lists them.")
    for track in tracks:
        _require_may_earn(session, principal, track.organization_id, certification_ids)
        repository.set_track_kinds(track.id, certification_ids)


def _require_may_earn(
    session: Session, principal: Principal, organization_id: UUID | None, certification_ids: Collection[UUID]
) -> None:
    repository = CredentialsRepository(session)
    kinds = [repository.certification(certification_id) for certification_id in certification_ids]
    if principal.is_unrestricted:
        return
    if organization_id is None:
        raise NotAuthorizedError("Only the platform decides what its own paths and tracks earn.")
    principal.require(Permission.ISSUE_CERTIFICATES, organization_id)
    foreign = next((kind for kind in kinds if kind.issuing_organization_id != organization_id), None)
    if foreign is not None:
        raise NotAuthorizedError(f"{foreign.name} is issued by {foreign.issuing_organization}. Choose one of your own.")


def _by_course(session: Session, person_id: UUID) -> list[tuple[UUID, _Way]]:
    enrollments = ProgressRepository(session).open_enrollments(person_id)
    progress = LearningRepository(session).progress([enrollment for enrollment, _ in enrollments])
    ways = []
    for enrollment, course in enrollments:
        steps = progress[enrollment.id]
        total = steps.required_modules + steps.required_assessments
        done = min(steps.done_modules + steps.passed_assessments, total)
        if course.certification_id is not None:
            next_step = NextStep(f"Continue “{course.title}”", course_id=course.id)
            # A course without steps is finished by its instructor: one step, still to do.
            ways.append((course.certification_id, _Way(done, total or 1, "step", (next_step,))))
    return ways


def _by_path(session: Session, person_id: UUID, *, on: date) -> list[tuple[UUID, _Way]]:
    repository = ProgressRepository(session)
    ways = []
    for way in repository.paths_begun(person_id, on=on):
        missing = _missing_courses(repository, person_id, way)
        done = len(way.courses) - len(missing)
        if way.courses and done:
            steps = tuple(NextStep(f"Take “{title}”", course_id=course_id) for course_id, title in missing)
            ways.append((way.certification_id, _Way(done, len(way.courses), "course", steps[:MOST_NEXT_STEPS])))
    return ways


def _missing_courses(repository: ProgressRepository, person_id: UUID, way: PathWay) -> list[tuple[UUID, str]]:
    """The courses of a path that were not completed since it last earned the certificate."""
    since = repository.earned_by_path_at(person_id, way.path_id, way.certification_id)
    completed = repository.completed_at(person_id, [course_id for course_id, _ in way.courses])
    return [
        (course_id, title)
        for course_id, title in way.courses
        if course_id not in completed or (since is not None and completed[course_id] <= since)
    ]


def _by_track(session: Session, person_id: UUID, *, on: date) -> list[tuple[UUID, _Way]]:
    found = [(way, _track_way(session, person_id, way)) for way in ProgressRepository(session).tracks(person_id, on=on)]
    return [(way.certification_id, progress) for way, progress in found if progress is not None]


def _track_way(session: Session, person_id: UUID, way: TrackWay) -> _Way | None:
    proficiency = ProficiencyRepository(session)
    steps = proficiency.steps(way.track_id)
    held = [row for row in proficiency.track_evidence(person_id, [way.track_id]) if row.revoked_at is None]
    since = max((row.achieved_at for row in held if row.level is ProficiencyLevel.CERTIFIED), default=None)
    passes = proficiency.passes(person_id, [step.lesson_id for step in steps])
    alternatives = track_alternatives(steps, ProficiencyLevel.COMPLETED, passed_since(passes, since))
    if not alternatives:
        return None
    missing = [step.lesson_id for step in steps if step.lesson_id in alternatives[0]]
    total = sum(step.is_required for step in steps)
    if not missing or len(missing) == total:
        return None
    titles = ProgressRepository(session).lesson_titles(missing)
    next_steps = tuple(NextStep(f"Take “{titles[lesson_id]}”", lesson_id=lesson_id) for lesson_id in missing)
    return _Way(total - len(missing), total, "lesson", next_steps[:MOST_NEXT_STEPS])


def _credits_short(session: Session, person_id: UUID, *, on: date) -> dict[UUID, Decimal]:
    """Credits short of renewing, by kind, of what the person holds."""
    held = CeRepository(session).held_with_requirement(person_id, on=on)
    standings = ce_credits.standings_of(session, held, on=on)
    short = {certificate.certification_id: standings[certificate.id].short_by for certificate in held}
    return {certification_id: credits for certification_id, credits in short.items() if credits > 0}


def _to_progress(
    certification_id: UUID, name: str, way: _Way | None, short: dict[UUID, Decimal]
) -> CertificationProgress:
    credits = short.get(certification_id, Decimal(0))
    parts = [] if way is None else [f"{way.done} of {way.total} {way.unit if way.total == 1 else way.unit + 's'}"]
    if credits > 0:
        parts.append(f"{format_credits(credits)} CE credits short")
    next_steps: Sequence[NextStep] = () if way is None else way.next_steps
    if credits > 0:
        next_steps = (*next_steps, NextStep(f"Earn {format_credits(credits)} CE credits"))
    return CertificationProgress(
        certification_id=certification_id,
        name=name,
        steps_done=0 if way is None else way.done,
        steps_total=0 if way is None else way.total,
        ce_short=credits,
        text=", ".join(parts),
        next_steps=tuple(next_steps),
    )


def _share(progress: CertificationProgress) -> float:
    return progress.steps_done / progress.steps_total if progress.steps_total else 0.0
