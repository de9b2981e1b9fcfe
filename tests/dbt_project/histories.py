"""Random but causal histories: every entry is about something an earlier entry made, whatever its own date says.

Dates are drawn freely: facts are learned late, certificates are revoked for days long past, memberships end on the
release's day. Corrections (a second entry about the same attempt, module or ending) happen too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from operational_db.ledger.events import (
    AssignmentCancelled,
    AttemptGraded,
    CertificateIssued,
    CertificateRenewed,
    CertificateRevoked,
    CertificateVerified,
    CertificateWithdrawn,
    EnrollmentCompleted,
    EnrollmentDropped,
    EnrollmentFailed,
    EnrollmentOpened,
    Event,
    ExemptionEnded,
    ExemptionGranted,
    MembershipEnded,
    MembershipStarted,
    MentorshipAccepted,
    MentorshipCancelled,
    MentorshipCompleted,
    MentorshipDeclined,
    MentorshipRequested,
    ModuleCompleted,
    RequirementEnded,
    RequirementSet,
    TrainingAssigned,
)
from operational_db.types import EarnedThrough, MentorshipType, Role
from tests.dbt_project.landing import Dimensions

AS_OF = datetime(2026, 3, 15, 14, 5, tzinfo=UTC)
TODAY = AS_OF.date()

CATEGORIES = ("equipment", "safety", "compliance", "management", "general")


def uid(group: int, number: int) -> UUID:
    return UUID(int=(group << 32) + number + 1)


ORGANIZATIONS = [uid(1, n) for n in range(4)]
PEOPLE = [uid(2, n) for n in range(9)]
COURSES = [uid(3, n) for n in range(6)]
CERTIFICATIONS = [uid(4, n) for n in range(3)]
TEAMS = {organization: [uid(5, 2 * n), uid(5, 2 * n + 1)] for n, organization in enumerate(ORGANIZATIONS)}
# The first three courses lead to a certification; the school gives the first, the fourth and the fifth.
LEADS_TO = dict(zip(COURSES, CERTIFICATIONS, strict=False))
SCHOOL = ORGANIZATIONS[3]


def dimensions() -> Dimensions:
    kinds = ["service_company", "service_company", "building_owner", "trade_school"]
    return Dimensions(
        people=[
            {
                "person_id": str(p),
                "display_name": f"Person {n}",
                "is_simulated": True,
                "timezone": "UTC",
                "erased": False,
            }
            for n, p in enumerate(PEOPLE)
        ],
        organizations=[
            {
                "organization_id": str(o),
                "name": f"Organization {n}",
                "kind": kinds[n],
                "timezone": "UTC",
                "is_simulated": True,
            }
            for n, o in enumerate(ORGANIZATIONS)
        ],
        teams=[
            {"team_id": str(t), "organization_id": str(o), "name": f"Team {n}"}
            for o, teams in TEAMS.items()
            for n, t in enumerate(teams)
        ],
        courses=[_course(n, course) for n, course in enumerate(COURSES)],
        course_modules=[{"course_id": str(c), "module_count": 3, "required_module_count": 2} for c in COURSES],
        assessments=[
            {"assessment_id": str(uid(6, n)), "course_id": str(c), "title": "Quiz", "assessment_type": "quiz"}
            for n, c in enumerate(COURSES)
        ],
        certifications=[
            {
                "certification_id": str(c),
                "name": f"Certification {n}",
                "code": f"C-{n}",
                "source": "industry_body",
                "issuing_organization": "Board",
                "category": "safety",
                "trade": "elevators",
                "validity_period_months": 12,
            }
            for n, c in enumerate(CERTIFICATIONS)
        ],
    )


def _course(number: int, course: UUID) -> dict[str, object]:
    is_school = number in {0, 3, 4}
    return {
        "course_id": str(course),
        "title": f"Course {number}",
        "slug": f"course-{number}",
        "provider_type": "trade_school" if is_school else "sitesync",
        "provider_id": str(SCHOOL) if is_school else None,
        "provider_name": "Provider",
        "category": "safety_certification",
        "trade": "elevators",
        "level": "beginner",
        "delivery_method": "blended",
        "leads_to_certification": course in LEADS_TO,
        # A course about a certification that it does not lead to is not one that fulfils it.
        "certification_id": str(LEADS_TO.get(course, CERTIFICATIONS[0])),
        "ce_credits": 1.5,
        "session_starts_on": date(2025, 10, 1) if number == 3 else None,
        "status": "published",
        "published_at": datetime(2025, 1, 1, tzinfo=UTC),
    }


@dataclass
class History:
    """Grows one entry at a time; remembers what there is to be about."""

    random: Random
    import_ids: tuple[UUID | None, ...] = (None,)
    events: list[Event] = field(default_factory=list)
    memberships: list[MembershipStarted] = field(default_factory=list)
    enrollments: list[EnrollmentOpened] = field(default_factory=list)
    ended: set[UUID] = field(default_factory=set)
    attempts: list[AttemptGraded] = field(default_factory=list)
    certificates: list[CertificateIssued | CertificateRenewed] = field(default_factory=list)
    renewed: set[UUID] = field(default_factory=set)
    requirements: list[RequirementSet] = field(default_factory=list)
    recipients: list[TrainingAssigned] = field(default_factory=list)
    exemptions: list[ExemptionGranted] = field(default_factory=list)
    mentorships: list[MentorshipRequested] = field(default_factory=list)
    number: int = 0

    def new(self) -> UUID:
        self.number += 1
        return uid(9, self.number)

    def day(self, earliest: date = date(2024, 9, 1), latest: date = date(2026, 5, 1)) -> date:
        """Any day, often one at which a rule turns: today, its neighbours, month ends and the ends of the windows."""
        edges = [TODAY + timedelta(days=n) for n in (-1, 0, 1, 14, 15, 29, 30, 31)]
        edges += [date(2026, 2, 28), date(2026, 3, 1), date(2025, 12, 31)]
        edges = [edge for edge in edges if earliest <= edge <= latest]
        if edges and self.random.random() < 0.4:
            return self.random.choice(edges)
        return earliest + timedelta(days=self.random.randrange((latest - earliest).days + 1))

    def instant(self) -> datetime:
        """When it happened: not in step with the ledger, and never after the release."""
        day = self.day(latest=TODAY)
        hour = self.random.randrange(14 if day == TODAY else 24)
        return datetime(day.year, day.month, day.day, hour, self.random.randrange(60), tzinfo=UTC)

    def makers(self) -> list[tuple[int, Callable[[], Event | None]]]:
        """What can happen, and how often."""
        return [
            (6, self._start_membership), (2, self._end_membership), (7, self._enroll), (7, self._complete_module),
            (9, self._attempt), (6, self._end_enrollment), (6, self._issue), (3, self._renew), (3, self._judge),
            (3, self._require), (1, self._end_requirement), (5, self._assign), (1, self._cancel), (3, self._exempt),
            (1, self._end_exemption), (2, self._request_mentor), (2, self._decide_mentor),
        ]  # fmt: skip

    def grow(self, count: int) -> list[Event]:
        weights, functions = zip(*self.makers(), strict=True)
        while len(self.events) < count:
            event = self.random.choices(functions, weights)[0]()
            if event is not None:
                self.events.append(event)
        return self.events

    def _common(self, person: UUID | None, organization: UUID | None) -> dict[str, object]:
        return {
            "subject_id": person,
            "organization_id": organization,
            "occurred_at": self.instant(),
            "import_id": self.random.choice(self.import_ids),
        }

    def _start_membership(self) -> Event:
        organization = self.random.choice(ORGANIZATIONS)
        event = MembershipStarted(
            **self._common(self.random.choice(PEOPLE), organization),  # type: ignore[arg-type]
            membership_id=self.new(),
            role=self.random.choice([Role.TECHNICIAN, Role.TECHNICIAN, Role.MENTOR, Role.AUDITOR, Role.STUDENT]),
            team_id=self.random.choice([None, *TEAMS[organization]]),
            persona=None,
            started_on=self.day(),
        )
        self.memberships.append(event)
        return event

    def _end_membership(self) -> Event | None:
        if not self.memberships:
            return None
        membership = self.random.choice(self.memberships)
        return MembershipEnded(
            **self._common(membership.subject_id, membership.organization_id),  # type: ignore[arg-type]
            membership_id=membership.membership_id,
            ended_on=self.day(earliest=membership.started_on, latest=max(membership.started_on, date(2026, 6, 1))),
        )

    def _enroll(self) -> Event:
        event = EnrollmentOpened(
            **self._common(self.random.choice(PEOPLE), self.random.choice([None, *ORGANIZATIONS])),  # type: ignore[arg-type]
            enrollment_id=self.new(),
            course_id=self.random.choice(COURSES),
            cycle_number=1,
        )
        self.enrollments.append(event)
        return event

    def _enrollment(self) -> EnrollmentOpened | None:
        return self.random.choice(self.enrollments) if self.enrollments else None

    def _complete_module(self) -> Event | None:
        if (opened := self._enrollment()) is None:
            return None
        return ModuleCompleted(
            **self._common(opened.subject_id, opened.organization_id),  # type: ignore[arg-type]
            enrollment_id=opened.enrollment_id,
            course_id=opened.course_id,
            module_id=uid(7, self.random.randrange(3)),
            time_spent_minutes=self.random.choice([None, 10, 25]),
        )

    def _attempt(self) -> Event | None:
        if (opened := self._enrollment()) is None:
            return None
        corrected = [a for a in self.attempts if a.enrollment_id == opened.enrollment_id]
        score = self.random.choice([None, Decimal(40), Decimal("69.5"), Decimal(70), Decimal(95)])
        event = AttemptGraded(
            **self._common(opened.subject_id, opened.organization_id),  # type: ignore[arg-type]
            attempt_id=corrected[0].attempt_id if corrected and self.random.random() < 0.3 else self.new(),
            enrollment_id=opened.enrollment_id,
            course_id=opened.course_id,
            assessment_id=uid(6, COURSES.index(opened.course_id)),
            attempt_number=len(corrected) + 1,
            score=score,
            passed=None if score is None else score >= 70,
            is_banked=self.random.random() < 0.2,
        )
        self.attempts.append(event)
        return event

    def _end_enrollment(self) -> Event | None:
        opened = self._enrollment()
        if opened is None or (opened.enrollment_id in self.ended and self.random.random() < 0.8):
            return None
        self.ended.add(opened.enrollment_id)
        envelope = self._common(opened.subject_id, opened.organization_id)
        about = {"enrollment_id": opened.enrollment_id, "course_id": opened.course_id}
        chance = self.random.random()
        if chance < 0.7:
            return EnrollmentCompleted(
                **envelope,  # type: ignore[arg-type]
                **about,  # type: ignore[arg-type]
                final_score=self.random.choice([None, Decimal("79.9"), Decimal(80), Decimal(81)]),
                ce_credits=Decimal("1.5"),
            )
        kind = EnrollmentDropped if chance < 0.85 else EnrollmentFailed
        return kind(**envelope, **about)  # type: ignore[arg-type]

    def _certificate_dates(self) -> dict[str, object]:
        issued_on = self.day()
        last = self.random.choice([None, self.day(earliest=issued_on, latest=max(issued_on, date(2026, 12, 31)))])
        return {
            "issued_on": issued_on,
            "expires_on": last,
            "earned_through": self.random.choice(list(EarnedThrough)),
            "is_verified": self.random.random() < 0.8,
        }

    def _issue(self) -> Event:
        event = CertificateIssued(
            **self._common(self.random.choice(PEOPLE), self.random.choice([None, *ORGANIZATIONS])),  # type: ignore[arg-type]
            certificate_id=self.new(),
            certification_id=self.random.choice(CERTIFICATIONS),
            **self._certificate_dates(),  # type: ignore[arg-type]
        )
        self.certificates.append(event)
        return event

    def _renew(self) -> Event | None:
        open_lines = [c for c in self.certificates if c.certificate_id not in self.renewed]
        if not open_lines:
            return None
        former = self.random.choice(open_lines)
        self.renewed.add(former.certificate_id)
        event = CertificateRenewed(
            **self._common(former.subject_id, former.organization_id),  # type: ignore[arg-type]
            certificate_id=self.new(),
            renews_id=former.certificate_id,
            certification_id=former.certification_id,
            **self._certificate_dates(),  # type: ignore[arg-type]
        )
        self.certificates.append(event)
        return event

    def _judge(self) -> Event | None:
        if not self.certificates:
            return None
        held = self.random.choice(self.certificates)
        envelope = self._common(held.subject_id, held.organization_id)
        about = {"certificate_id": held.certificate_id, "certification_id": held.certification_id}
        chance = self.random.random()
        if chance < 0.4:
            return CertificateVerified(**envelope, **about, is_verified=self.random.random() < 0.7)  # type: ignore[arg-type]
        if chance < 0.85:
            return CertificateRevoked(**envelope, **about, revoked_from=self.day())  # type: ignore[arg-type]
        return CertificateWithdrawn(**envelope, **about)  # type: ignore[arg-type]

    def _require(self) -> Event:
        organization = self.random.choice(ORGANIZATIONS)
        on_course = self.random.random() < 0.5
        event = RequirementSet(
            **self._common(None, organization),  # type: ignore[arg-type]
            requirement_id=self.new(),
            course_id=self.random.choice(COURSES) if on_course else None,
            certification_id=None if on_course else self.random.choice(CERTIFICATIONS),
            category=self.random.choice(CATEGORIES),
            role=self.random.choice([None, None, Role.TECHNICIAN, Role.AUDITOR]),
            team_id=self.random.choice([None, None, *TEAMS[organization]]),
            due_within_days=self.random.choice([0, 14, 30]),
            effective_from=self.day(),
        )
        self.requirements.append(event)
        return event

    def _end_requirement(self) -> Event | None:
        if not self.requirements:
            return None
        requirement = self.random.choice(self.requirements)
        start = requirement.effective_from
        return RequirementEnded(
            **self._common(None, requirement.organization_id),  # type: ignore[arg-type]
            requirement_id=requirement.requirement_id,
            ended_on=self.day(earliest=start, latest=max(start, date(2026, 6, 1))),
        )

    def _assign(self) -> Event | None:
        if not self.memberships:
            return None
        member = self.random.choice(self.memberships)
        serves = [
            r for r in self.requirements if r.organization_id == member.organization_id and r.course_id is not None
        ]
        requirement = self.random.choice(serves) if serves and self.random.random() < 0.3 else None
        course = self.random.choice(COURSES) if requirement is None else requirement.course_id
        assert course is not None
        event = TrainingAssigned(
            **self._common(member.subject_id, member.organization_id),  # type: ignore[arg-type]
            assignment_id=self.new(),
            recipient_id=self.new(),
            course_id=course,
            requirement_id=None if requirement is None else requirement.requirement_id,
            category=self.random.choice(CATEGORIES),
            due_on=self.random.choice([None, self.day()]),
            is_mandatory=self.random.random() < 0.8,
            minimum_score=self.random.choice([None, None, Decimal(80)]),
        )
        self.recipients.append(event)
        return event

    def _cancel(self) -> Event | None:
        if not self.recipients:
            return None
        recipient = self.random.choice(self.recipients)
        return AssignmentCancelled(
            **self._common(recipient.subject_id, recipient.organization_id),  # type: ignore[arg-type]
            assignment_id=recipient.assignment_id,
            recipient_id=recipient.recipient_id,
        )

    def _exempt(self) -> Event | None:
        if not self.memberships or not (self.requirements or self.recipients):
            return None
        starts_on = self.day()
        ends_on = self.day(earliest=starts_on, latest=max(starts_on, date(2026, 9, 1)))
        dates = {"starts_on": starts_on, "ends_on": ends_on, "approver_id": PEOPLE[0], "exemption_id": self.new()}
        if self.recipients and (not self.requirements or self.random.random() < 0.4):
            recipient = self.random.choice(self.recipients)
            event = ExemptionGranted(
                **self._common(recipient.subject_id, recipient.organization_id),  # type: ignore[arg-type]
                **dates,  # type: ignore[arg-type]
                requirement_id=None,
                recipient_id=recipient.recipient_id,
            )
        else:
            requirement = self.random.choice(self.requirements)
            event = ExemptionGranted(
                **self._common(self.random.choice(PEOPLE), requirement.organization_id),  # type: ignore[arg-type]
                **dates,  # type: ignore[arg-type]
                requirement_id=requirement.requirement_id,
                recipient_id=None,
            )
        self.exemptions.append(event)
        return event

    def _end_exemption(self) -> Event | None:
        if not self.exemptions:
            return None
        exemption = self.random.choice(self.exemptions)
        return ExemptionEnded(
            **self._common(exemption.subject_id, exemption.organization_id),  # type: ignore[arg-type]
            exemption_id=exemption.exemption_id,
            ended_on=self.day(earliest=exemption.starts_on, latest=max(exemption.starts_on, date(2026, 9, 1))),
        )

    def _request_mentor(self) -> Event:
        mentee, mentor = self.random.sample(PEOPLE, 2)
        event = MentorshipRequested(
            **self._common(mentee, None),  # type: ignore[arg-type]
            mentorship_id=self.new(),
            mentor_id=mentor,
            mentorship_type=MentorshipType.GENERAL,
        )
        self.mentorships.append(event)
        return event

    def _decide_mentor(self) -> Event | None:
        if not self.mentorships:
            return None
        asked = self.random.choice(self.mentorships)
        kinds: list[type[MentorshipAccepted | MentorshipDeclined | MentorshipCompleted | MentorshipCancelled]] = [
            MentorshipAccepted, MentorshipAccepted, MentorshipDeclined, MentorshipCompleted, MentorshipCancelled,
        ]  # fmt: skip
        kind = self.random.choice(kinds)
        return kind(
            **self._common(asked.subject_id, None),  # type: ignore[arg-type]
            mentorship_id=asked.mentorship_id,
            mentor_id=asked.mentor_id,
        )
