"""Builders with sensible defaults: each inserts one record (and what it cannot do without) through the ORM, directly.

For the arrangement of a test, not for the behaviour under test: they append no events and ask for no permission.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.tables.base import Base
from operational_db.tables.catalog import Course, CourseAssessment, CourseModule
from operational_db.tables.compliance import (
    AssignmentRecipient,
    Exemption,
    TrainingAssignment,
    TrainingRequirement,
)
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.tables.imports import ImportBatch
from operational_db.tables.learning import AssessmentAttempt, Enrollment, ModuleCompletion
from operational_db.tables.mentorship import Mentorship
from operational_db.types import (
    AssessmentType,
    CertificationCategory,
    CertificationSource,
    CourseCategory,
    CourseStatus,
    DeliveryMethod,
    EarnedThrough,
    EnrollmentStatus,
    ImportState,
    MentorshipType,
    OrganizationKind,
    ProviderType,
    Role,
    VerificationStatus,
    new_id,
)

LONG_AGO = date(2025, 1, 6)
LONG_AGO_AT = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)

R = TypeVar("R", bound=Base)


def _add(session: Session, record: R) -> R:
    session.add(record)
    session.flush()
    return record


def _short_id() -> str:
    return new_id().hex[-10:]


def create_person(session: Session, **fields: object) -> Person:
    return _add(session, Person(**{"display_name": f"Person {_short_id()}", **fields}))


def create_organization(
    session: Session, kind: OrganizationKind = OrganizationKind.SERVICE_COMPANY, **fields: object
) -> Organization:
    name = f"Organization {_short_id()}"
    return _add(session, Organization(**{"name": name, "slug": name.lower().replace(" ", "-"), "kind": kind, **fields}))


def create_team(session: Session, organization: Organization | None = None, **fields: object) -> Team:
    organization = organization or create_organization(session)
    return _add(session, Team(**{"organization_id": organization.id, "name": f"Team {_short_id()}", **fields}))


def create_membership(
    session: Session,
    person: Person | None = None,
    organization: Organization | None = None,
    role: Role = Role.TECHNICIAN,
    team: Team | None = None,
    **fields: object,
) -> Membership:
    person = person or create_person(session)
    organization_id = team.organization_id if team is not None else (organization or create_organization(session)).id
    defaults: dict[str, object] = {
        "person_id": person.id,
        "organization_id": organization_id,
        "team_id": team.id if team is not None else None,
        "role": role,
        "started_on": LONG_AGO,
    }
    return _add(session, Membership(**{**defaults, **fields}))


def create_certification(session: Session, **fields: object) -> Certification:
    code = f"cert-{_short_id()}"
    defaults: dict[str, object] = {
        "name": f"Certification {code}",
        "code": code,
        "source": CertificationSource.SITESYNC,
        "issuing_organization": "SiteSync",
        "category": CertificationCategory.SAFETY,
        "validity_period_months": 12,
    }
    return _add(session, Certification(**{**defaults, **fields}))


def create_course(
    session: Session,
    *,
    module_count: int = 0,
    assessment_count: int = 0,
    certification: Certification | None = None,
    **fields: object,
) -> Course:
    """A published, public, free course; with a certification given, one that leads to it."""
    title = f"Course {_short_id()}"
    defaults: dict[str, object] = {
        "title": title,
        "slug": title.lower().replace(" ", "-"),
        "provider_type": ProviderType.SITESYNC,
        "provider_name": "SiteSync",
        "category": CourseCategory.SAFETY_CERTIFICATION,
        "delivery_method": DeliveryMethod.ONLINE_SELF_PACED,
        "estimated_hours": Decimal(4),
        "status": CourseStatus.PUBLISHED,
        "published_at": LONG_AGO_AT,
        "leads_to_certification": certification is not None,
        "certification_id": certification.id if certification is not None else None,
    }
    course = _add(session, Course(**{**defaults, **fields}))
    for order_index in range(module_count):
        create_module(session, course, order_index=order_index)
    for _ in range(assessment_count):
        create_assessment(session, course)
    return course


def create_module(session: Session, course: Course, *, order_index: int = 0, **fields: object) -> CourseModule:
    defaults: dict[str, object] = {
        "course_id": course.id,
        "title": f"Module {order_index + 1}",
        "order_index": order_index,
        "duration_minutes": 30,
    }
    return _add(session, CourseModule(**{**defaults, **fields}))


def create_assessment(session: Session, course: Course, **fields: object) -> CourseAssessment:
    defaults: dict[str, object] = {
        "course_id": course.id,
        "title": f"Assessment {_short_id()}",
        "assessment_type": AssessmentType.QUIZ,
    }
    return _add(session, CourseAssessment(**{**defaults, **fields}))


def create_enrollment(
    session: Session, person: Person | None = None, course: Course | None = None, **fields: object
) -> Enrollment:
    """An open enrollment; give `status` and `ended_at` together for one that has ended."""
    defaults: dict[str, object] = {
        "person_id": (person or create_person(session)).id,
        "course_id": (course or create_course(session)).id,
        "status": EnrollmentStatus.ENROLLED,
        "enrolled_at": LONG_AGO_AT,
    }
    return _add(session, Enrollment(**{**defaults, **fields}))


def create_module_completion(
    session: Session, enrollment: Enrollment, module: CourseModule, **fields: object
) -> ModuleCompletion:
    defaults: dict[str, object] = {
        "enrollment_id": enrollment.id,
        "module_id": module.id,
        "completed_at": LONG_AGO_AT,
    }
    return _add(session, ModuleCompletion(**{**defaults, **fields}))


def create_attempt(
    session: Session, enrollment: Enrollment, assessment: CourseAssessment, **fields: object
) -> AssessmentAttempt:
    defaults: dict[str, object] = {
        "enrollment_id": enrollment.id,
        "assessment_id": assessment.id,
        "attempt_number": 1,
        "submitted_at": LONG_AGO_AT,
        "score": Decimal(85),
        "passed": True,
    }
    return _add(session, AssessmentAttempt(**{**defaults, **fields}))


def create_certificate(
    session: Session, person: Person | None = None, certification: Certification | None = None, **fields: object
) -> Certificate:
    """A verified certificate, issued long ago and never expiring unless dates are given."""
    issued_on = fields.get("issued_on", LONG_AGO)
    defaults: dict[str, object] = {
        "person_id": (person or create_person(session)).id,
        "certification_id": (certification or create_certification(session)).id,
        "issued_on": issued_on,
        "first_earned_on": issued_on,
        "verification_status": VerificationStatus.VERIFIED,
        "earned_through": EarnedThrough.SITESYNC_COURSE,
    }
    return _add(session, Certificate(**{**defaults, **fields}))


def create_requirement(
    session: Session,
    organization: Organization | None = None,
    *,
    course: Course | None = None,
    certification: Certification | None = None,
    **fields: object,
) -> TrainingRequirement:
    """A requirement of the whole organization; of a new certification when neither it nor a course is given."""
    if course is None and certification is None:
        certification = create_certification(session)
    defaults: dict[str, object] = {
        "organization_id": (organization or create_organization(session)).id,
        "course_id": course.id if course is not None else None,
        "certification_id": certification.id if certification is not None else None,
        "category": "safety",
        "effective_from": LONG_AGO,
    }
    return _add(session, TrainingRequirement(**{**defaults, **fields}))


def create_assignment(
    session: Session,
    organization: Organization | None = None,
    course: Course | None = None,
    people: tuple[Person, ...] = (),
    **fields: object,
) -> TrainingAssignment:
    """A mandatory assignment with one recipient per person; to the first of them unless a role or team is given."""
    person_ids: list[UUID] = [person.id for person in people or (create_person(session),)]
    is_to_group = fields.get("role") is not None or fields.get("team_id") is not None
    defaults: dict[str, object] = {
        "organization_id": (organization or create_organization(session)).id,
        "course_id": (course or create_course(session)).id,
        "person_id": None if is_to_group else person_ids[0],
        "assigned_at": LONG_AGO_AT,
    }
    assignment = _add(session, TrainingAssignment(**{**defaults, **fields}))
    for person_id in person_ids:
        recipient = AssignmentRecipient(
            assignment_id=assignment.id,
            person_id=person_id,
            assigned_at=assignment.assigned_at,
            due_on=assignment.due_on,
        )
        _add(session, recipient)
    return assignment


def create_exemption(
    session: Session, person: Person, requirement: TrainingRequirement, approver: Person | None = None, **fields: object
) -> Exemption:
    defaults: dict[str, object] = {
        "organization_id": requirement.organization_id,
        "person_id": person.id,
        "requirement_id": requirement.id,
        "reason": "On leave.",
        "approver_id": (approver or create_person(session)).id,
        "starts_on": LONG_AGO,
        "ends_on": date(2026, 12, 31),
    }
    return _add(session, Exemption(**{**defaults, **fields}))


def create_mentorship(
    session: Session, mentor: Person | None = None, mentee: Person | None = None, **fields: object
) -> Mentorship:
    defaults: dict[str, object] = {
        "mentor_id": (mentor or create_person(session)).id,
        "mentee_id": (mentee or create_person(session)).id,
        "mentorship_type": MentorshipType.GENERAL,
        "requested_at": LONG_AGO_AT,
    }
    return _add(session, Mentorship(**{**defaults, **fields}))


def create_import_batch(session: Session, **fields: object) -> ImportBatch:
    defaults: dict[str, object] = {
        "importer": "history",
        "format": "csv",
        "source": "test",
        "state": ImportState.APPLIED,
        "started_at": LONG_AGO_AT,
        "finished_at": LONG_AGO_AT,
        "report": {},
    }
    return _add(session, ImportBatch(**{**defaults, **fields}))
