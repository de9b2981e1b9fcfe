"""One more day in a filled installation: new entries of the usual kinds about people and enrollments that are there.

They are appended the way services append them. Which people and enrollments is drawn from the current release.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import duckdb
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    AttemptGraded,
    CertificateIssued,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentFailed,
    EnrollmentOpened,
    Event,
    GateDecided,
    LessonAttemptGraded,
    LessonOpened,
    MembershipStarted,
    ModuleCompleted,
    ProficiencyReached,
    RequirementSet,
    TipShown,
    TrainingAssigned,
    TrainingCostRecorded,
)
from operational_db.releases.manifest import current_manifest
from operational_db.tables.catalog import CourseAssessment, CourseModule
from operational_db.tables.content import LessonVersion, ProtectedFeature
from operational_db.tables.identity import Membership, Person
from operational_db.types import (
    CostKind,
    EarnedThrough,
    GateMode,
    GateOutcome,
    LessonTrigger,
    LessonType,
    ProficiencyLevel,
    Role,
    new_id,
)
from tests.benchmarks.installation import Installation

# Entries of each kind in a thousand, about as in the whole history.
SHARES = {
    "attempt": 275,
    "module": 195,
    "enrollment": 110,
    "completion": 80,
    "evidence": 78,
    "lesson": 40,
    "lesson_attempt": 40,
    "certificate": 30,
    "assignment": 30,
    "cost": 30,
    "gate": 28,
    "membership": 23,
    "tip": 20,
    "drop": 12,
    "failure": 8,
    "requirement": 1,
}
PER_THOUSAND = 1_000

Row = tuple[UUID, ...]


@dataclass(frozen=True)
class Sample:
    """What new entries are about: open enrollments, members, and what each course consists of."""

    enrollments: Sequence[Row]
    members: Sequence[Row]
    courses: Sequence[Row]
    assessments: Mapping[UUID, UUID]
    modules: Mapping[UUID, UUID]
    certifications: Sequence[Row]
    # Each with its feature, its lesson and that lesson's version.
    actions: Sequence[tuple[str, UUID, UUID, str]]
    organization_of_usual_size: UUID


def append_new_entries(installation: Installation, count: int, *, now: datetime, seed: int) -> None:
    """Append `count` entries, a few of them about people who are new, in one transaction."""
    chance = random.Random(seed)
    sample = _draw(installation, chance, count)
    with unit_of_work(installation.engine) as session:
        events = [event for kind, share in SHARES.items() for event in _make(kind, share * count, sample, session, now)]
        append_events(session, events[:count], now=now)


def _draw(installation: Installation, chance: random.Random, count: int) -> Sample:
    path = current_manifest(installation.settings).path
    with read_only_session(installation.engine) as session:
        assessments = {
            course: id_ for course, id_ in session.execute(select(CourseAssessment.course_id, CourseAssessment.id))
        }
        modules = {course: id_ for course, id_ in session.execute(select(CourseModule.course_id, CourseModule.id))}
        actions = [
            (action, feature, lesson, version)
            for action, feature, lesson, version in session.execute(
                select(
                    ProtectedFeature.action, ProtectedFeature.id, LessonVersion.lesson_id, LessonVersion.version
                ).join(LessonVersion, LessonVersion.lesson_id == ProtectedFeature.lesson_id)
            )
        ]
    with duckdb.connect(path, read_only=True, config={"threads": 2}) as release:

        def rows(query: str, wanted: int) -> list[Row]:
            found: list[Row] = release.execute(
                f"{query} using sample reservoir({wanted} rows) repeatable (1)"
            ).fetchall()
            chance.shuffle(found)
            return found or [(new_id(),) * 4]

        sized = release.execute(
            "select quantile_disc(organization_id, 0.5 order by people_count) from marts.compliance_by_organization"
        ).fetchone()
        return Sample(
            rows(
                "select enrollment_id, person_id, course_id, organization_id from marts.fct_enrollment "
                "where status in ('enrolled', 'in_progress')",
                4 * count,
            ),
            rows("select person_id, organization_id from marts.dim_membership where is_current", 4 * count),
            rows("select course_id from marts.dim_course", count),
            assessments,
            modules,
            rows("select certification_id from marts.dim_certification", count),
            actions,
            UUID(str(sized[0])) if sized and sized[0] else new_id(),
        )


def _make(kind: str, share: int, sample: Sample, session: Session, now: datetime) -> list[Event]:
    make = _MAKERS[kind]
    offset = list(SHARES).index(kind) * 97
    return [make(sample, offset + number, session, now) for number in range(-(-share // PER_THOUSAND))]


def _pick(rows: Sequence[Row], number: int) -> Row:
    return rows[number % len(rows)]


def _attempt(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    enrollment, person, course, organization = _pick(sample.enrollments, number)
    return AttemptGraded(
        subject_id=person, organization_id=organization, occurred_at=now - timedelta(minutes=5), attempt_id=new_id(),
        enrollment_id=enrollment, course_id=course, assessment_id=sample.assessments[course], attempt_number=9,
        score=Decimal(50 + number % 50), passed=number % 50 >= 20,
    )  # fmt: skip


def _module(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    enrollment, person, course, organization = _pick(sample.enrollments, number)
    return ModuleCompleted(
        subject_id=person, organization_id=organization, occurred_at=now - timedelta(minutes=5),
        enrollment_id=enrollment, course_id=course, module_id=sample.modules[course], time_spent_minutes=25,
    )  # fmt: skip


def _enrollment(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    return EnrollmentOpened(
        subject_id=person, organization_id=organization, occurred_at=now - timedelta(minutes=5),
        enrollment_id=new_id(), course_id=_pick(sample.courses, number)[0], cycle_number=50 + number,
    )  # fmt: skip


def _completion(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    enrollment, person, course, organization = _pick(sample.enrollments, number)
    return EnrollmentCompleted(
        subject_id=person, organization_id=organization, occurred_at=now, enrollment_id=enrollment, course_id=course,
        final_score=Decimal(88), ce_credits=Decimal("1.5"),
    )  # fmt: skip


def _drop(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    enrollment, person, course, organization = _pick(sample.enrollments, number)
    return EnrollmentDropped(
        subject_id=person, organization_id=organization, occurred_at=now, enrollment_id=enrollment, course_id=course
    )


def _failure(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    enrollment, person, course, organization = _pick(sample.enrollments, number)
    return EnrollmentFailed(
        subject_id=person, organization_id=organization, occurred_at=now, enrollment_id=enrollment, course_id=course
    )


def _certificate(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    return CertificateIssued(
        subject_id=person, organization_id=organization, occurred_at=now, certificate_id=new_id(),
        certification_id=_pick(sample.certifications, number)[0], issued_on=now.date(),
        expires_on=now.date() + timedelta(days=365), earned_through=EarnedThrough.EXTERNAL, is_verified=True,
    )  # fmt: skip


def _assignment(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    return TrainingAssigned(
        subject_id=person, organization_id=organization, occurred_at=now, assignment_id=new_id(), recipient_id=new_id(),
        course_id=_pick(sample.courses, number)[0], requirement_id=None, category="safety",
        due_on=now.date() + timedelta(days=30), is_mandatory=True, minimum_score=None,
    )  # fmt: skip


def _membership(sample: Sample, number: int, session: Session, now: datetime) -> Event:
    """Somebody new: the people of a release change with most refreshes of a living installation."""
    organization = _pick(sample.members, number)[1]
    person = Person(id=new_id(), display_name=f"New person {number}", is_simulated=True)
    session.add(person)
    session.flush()
    membership = Membership(
        id=new_id(), person_id=person.id, organization_id=organization, role=Role.TECHNICIAN, started_on=now.date()
    )
    session.add(membership)
    return MembershipStarted(
        subject_id=person.id, organization_id=organization, occurred_at=now, membership_id=membership.id,
        role=Role.TECHNICIAN, team_id=None, persona=None, started_on=now.date(),
    )  # fmt: skip


def _requirement(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    return RequirementSet(
        subject_id=None, organization_id=sample.organization_of_usual_size, occurred_at=now, requirement_id=new_id(),
        course_id=None, certification_id=_pick(sample.certifications, number)[0], category="safety", role=None,
        team_id=None, due_within_days=30, effective_from=now.date(),
    )  # fmt: skip


def _lesson(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    _, _, lesson, version = sample.actions[number % len(sample.actions)]
    return LessonOpened(
        subject_id=person, organization_id=organization, occurred_at=now, lesson_id=lesson, lesson_version=version,
        lesson_type=LessonType.MICRO_LESSON, trigger=LessonTrigger.ASSIGNMENT,
    )  # fmt: skip


def _lesson_attempt(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    action, _, lesson, version = sample.actions[number % len(sample.actions)]
    return LessonAttemptGraded(
        subject_id=person, organization_id=organization, occurred_at=now, attempt_id=new_id(), lesson_id=lesson,
        lesson_version=version, lesson_type=LessonType.MICRO_LESSON, persona=None, track_id=None, attempt_number=1,
        score=Decimal(100), passed=True, seconds_taken=90, trigger=LessonTrigger.ASSIGNMENT, scope_tags=action,
        policy_ids="", runbook_ids="",
    )  # fmt: skip


def _evidence(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    action, _, lesson, version = sample.actions[number % len(sample.actions)]
    return ProficiencyReached(
        subject_id=person, organization_id=organization, occurred_at=now, evidence_id=new_id(), scope=action,
        track_id=None, persona=None, level=ProficiencyLevel.CERTIFIED, lesson_id=lesson, lesson_version=version,
        attempt_id=new_id(), attempt_number=1, score=Decimal(100), expires_on=now.date() + timedelta(days=365),
    )  # fmt: skip


def _gate(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    return GateDecided(
        subject_id=person, organization_id=organization, occurred_at=now, decision_id=new_id(), rule_id=None,
        rule_version=None, action=sample.actions[number % len(sample.actions)][0], resource=None,
        mode=GateMode.DRY_RUN, outcome=GateOutcome.DENY, reason="never_trained", evidence_ids="", facts="{}",
        decision="{}",
    )  # fmt: skip


def _tip(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    person, organization = _pick(sample.members, number)[:2]
    action, feature, _, _ = sample.actions[number % len(sample.actions)]
    return TipShown(subject_id=person, organization_id=organization, occurred_at=now, feature_id=feature, action=action)


def _cost(sample: Sample, number: int, _session: Session, now: datetime) -> Event:
    _, person, course, organization = _pick(sample.enrollments, number)
    return TrainingCostRecorded(
        subject_id=person, organization_id=organization, occurred_at=now, cost_id=new_id(),
        cost_kind=CostKind.PAID_HOURS, course_id=course, incurred_on=now.date(), amount=Decimal("42.50"),
        currency="USD",
    )  # fmt: skip


_MAKERS: dict[str, Callable[[Sample, int, Session, datetime], Event]] = {
    "attempt": _attempt,
    "module": _module,
    "enrollment": _enrollment,
    "completion": _completion,
    "certificate": _certificate,
    "assignment": _assignment,
    "drop": _drop,
    "failure": _failure,
    "membership": _membership,
    "requirement": _requirement,
    "lesson": _lesson,
    "lesson_attempt": _lesson_attempt,
    "evidence": _evidence,
    "gate": _gate,
    "tip": _tip,
    "cost": _cost,
}
