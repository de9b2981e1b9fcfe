"""The compliance marts agree with the operational core's own evaluation of the same random histories (seed 3.2.5.1).

The two are independent: SQL over the landed ledger here, pure Python over plain facts there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from operational_db.compliance.evaluation import (
    EnrollmentFacts,
    Evidence,
    ExemptionFacts,
    MembershipFacts,
    OrganizationFacts,
    RecipientFacts,
    RequiredSource,
    RequiredTraining,
    RequirementFacts,
    recipient_status,
    required_trainings,
)
from operational_db.credentials.rules import CertificateFacts, certificate_status
from operational_db.ledger.events import (
    AssignmentCancelled,
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
    RequirementEnded,
    RequirementSet,
    TrainingAssigned,
)
from operational_db.types import TrainingStatus
from tests.dbt_project.histories import AS_OF, LEADS_TO, ORGANIZATIONS, TODAY, History, dimensions
from tests.dbt_project.landing import Landing, write_dimensions, write_events, write_schemas
from tests.dbt_project.warehouse import build_full, read


class Facts:
    """What the entries say, the last one about each thing holding."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.membership_ends: dict[UUID, date] = {}
        self.memberships: dict[UUID, MembershipStarted] = {}
        self.requirements: dict[UUID, RequirementSet] = {}
        self.requirement_ends: dict[UUID, date] = {}
        self.recipients: dict[UUID, TrainingAssigned] = {}
        self.cancelled: dict[UUID, date] = {}
        self.exemptions: dict[UUID, ExemptionGranted] = {}
        self.exemption_ends: dict[UUID, date] = {}
        self.enrollments: dict[UUID, EnrollmentOpened] = {}
        self.endings: dict[UUID, EnrollmentCompleted | EnrollmentFailed | EnrollmentDropped] = {}
        self.certificates: dict[UUID, CertificateIssued | CertificateRenewed] = {}
        self.verified: dict[UUID, bool] = {}
        self.revoked: dict[UUID, date] = {}
        self.withdrawn: set[UUID] = set()
        for event in events:
            self._take_organization(event)
            self._take_learning(event)

    def _take_organization(self, event: Event) -> None:
        match event:
            case MembershipStarted():
                self.memberships[event.membership_id] = event
            case MembershipEnded():
                self.membership_ends[event.membership_id] = event.ended_on
            case RequirementSet():
                self.requirements[event.requirement_id] = event
            case RequirementEnded():
                self.requirement_ends[event.requirement_id] = event.ended_on
            case TrainingAssigned():
                self.recipients[event.recipient_id] = event
            case AssignmentCancelled():
                self.cancelled[event.recipient_id] = event.occurred_at.date()
            case ExemptionGranted():
                self.exemptions[event.exemption_id] = event
            case ExemptionEnded():
                self.exemption_ends[event.exemption_id] = event.ended_on
            case _:
                pass

    def _take_learning(self, event: Event) -> None:
        match event:
            case EnrollmentOpened():
                self.enrollments[event.enrollment_id] = event
            case EnrollmentCompleted() | EnrollmentFailed() | EnrollmentDropped():
                self.endings[event.enrollment_id] = event
            case CertificateIssued() | CertificateRenewed():
                self.certificates[event.certificate_id] = event
                self.verified[event.certificate_id] = event.is_verified
            case CertificateVerified():
                self.verified[event.certificate_id] = event.is_verified
            case CertificateRevoked():
                self.revoked[event.certificate_id] = event.revoked_from
            case CertificateWithdrawn():
                self.withdrawn.add(event.certificate_id)
            case _:
                pass

    def certificate_facts(self) -> list[CertificateFacts]:
        return [
            CertificateFacts(
                certificate_id=key,
                person_id=_known(event.subject_id),
                certification_id=event.certification_id,
                issued_on=event.issued_on,
                expires_on=event.expires_on,
                revoked_from=self.revoked.get(key),
                is_withdrawn=key in self.withdrawn,
                is_verified=self.verified[key],
            )
            for key, event in self.certificates.items()
        ]

    def evidence(self) -> Evidence:
        enrollments = []
        for key, opened in self.enrollments.items():
            ending = self.endings.get(key)
            is_completed = isinstance(ending, EnrollmentCompleted)
            enrollments.append(
                EnrollmentFacts(
                    person_id=_known(opened.subject_id),
                    course_id=opened.course_id,
                    enrolled_on=opened.occurred_at.date(),
                    ended_on=None if ending is None else ending.occurred_at.date(),
                    completed_at=ending.occurred_at if ending is not None and is_completed else None,
                    final_score=ending.final_score if isinstance(ending, EnrollmentCompleted) else None,
                )
            )
        leading: dict[UUID, set[UUID]] = defaultdict(set)
        for course, certification in LEADS_TO.items():
            leading[certification].add(course)
        return Evidence(self.certificate_facts(), enrollments, leading)

    def of(self, organization: UUID, evidence: Evidence) -> OrganizationFacts:
        return OrganizationFacts(
            organization_id=organization,
            memberships=[
                MembershipFacts(
                    key, _known(m.subject_id), m.role, m.team_id, m.started_on, self.membership_ends.get(key)
                )
                for key, m in self.memberships.items()
                if m.organization_id == organization
            ],
            requirements=[
                RequirementFacts(
                    requirement_id=key,
                    organization_id=organization,
                    course_id=r.course_id,
                    certification_id=r.certification_id,
                    needs_certification_id=r.certification_id or LEADS_TO.get(r.course_id or UUID(int=0)),
                    category=r.category,
                    role=r.role,
                    team_id=r.team_id,
                    due_within_days=r.due_within_days,
                    effective_from=r.effective_from,
                    ended_on=self.requirement_ends.get(key),
                )
                for key, r in self.requirements.items()
                if r.organization_id == organization
            ],
            recipients=[
                RecipientFacts(
                    recipient_id=key,
                    assignment_id=a.assignment_id,
                    organization_id=organization,
                    person_id=_known(a.subject_id),
                    course_id=a.course_id,
                    leads_to_certification_id=LEADS_TO.get(a.course_id),
                    requirement_id=a.requirement_id,
                    category=a.category,
                    assigned_at=a.occurred_at,
                    due_on=a.due_on,
                    is_mandatory=a.is_mandatory,
                    minimum_score=a.minimum_score,
                    cancelled_on=self.cancelled.get(key),
                )
                for key, a in self.recipients.items()
                if a.organization_id == organization
            ],
            exemptions=[
                ExemptionFacts(
                    person_id=_known(x.subject_id),
                    subject_id=_known(x.requirement_id or x.recipient_id),
                    starts_on=x.starts_on,
                    ends_on=x.ends_on,
                    ended_on=self.exemption_ends.get(key),
                )
                for key, x in self.exemptions.items()
            ],
            evidence=evidence,
        )


def _known(identifier: UUID | None) -> UUID:
    assert identifier is not None
    return identifier


def row_of(training: RequiredTraining) -> tuple[object, ...]:
    return (
        training.organization_id,
        training.person_id,
        training.required_training_id,
        training.source.value,
        training.category,
        training.course_id,
        training.certification_id,
        training.team_id,
        training.role.value,
        training.due_on,
        training.status.value,
        training.completed_on,
        training.valid_until,
    )


@pytest.mark.slow
@pytest.mark.requirement("CMP-03")
@pytest.mark.parametrize("seed", [21, 22])
def test_marts_say_what_the_core_says(tmp_path: Path, seed: int) -> None:
    """Every required training, assignment and certificate, and counts on the trend's and forecast's days."""
    events = History(Random(seed)).grow(700)
    landing = Landing(tmp_path / "landing", 0)
    write_schemas(landing)
    write_dimensions(landing, dimensions())
    landing = write_events(landing, events)
    build = tmp_path / "build.duckdb"
    run = build_full(build, landing, as_of=AS_OF)
    assert run.is_success, run.failures

    facts = Facts(events)
    evidence = facts.evidence()
    by_organization = {organization: facts.of(organization, evidence) for organization in ORGANIZATIONS}

    expected = [row_of(t) for o in ORGANIZATIONS for t in required_trainings(by_organization[o], on=TODAY)]
    found = read(
        build,
        """
        select
            organization_id, person_id, required_training_id, source, category, course_id, certification_id, team_id,
            role, due_on, status, completed_on, valid_until
        from marts.fct_required_training
        """,
    )
    assert sorted(map(str, found)) == sorted(map(str, expected))
    assert {row[10] for row in expected} == {status.value for status in TrainingStatus}

    requirements = {r.requirement_id: r for f in by_organization.values() for r in f.requirements}
    statuses = {
        r.recipient_id: recipient_status(f, r, requirements.get(r.requirement_id or UUID(int=0)), on=TODAY)[0].value
        for f in by_organization.values()
        for r in f.recipients
    }
    assert dict(read(build, "select recipient_id, status from marts.fct_assignment")) == statuses

    certificates = {c.certificate_id: certificate_status(c, on=TODAY).value for c in facts.certificate_facts()}
    assert dict(read(build, "select certificate_id, status from marts.fct_certificate")) == certificates

    told = "overdue_count, due_14_days_count, expiring_30_days_count, expired_count"
    for mart, day_count, more in (("compliance_trend", 14, f", {told}"), ("compliance_forecast", 3, "")):
        columns = f"organization_id, as_of_on, required_count, exempted_count, completed_count{more}"
        rows = read(build, f"select {columns} from marts.{mart}")
        days = {row[1] for row in rows}
        assert len(days) == day_count
        recount = {
            (organization, day, *counts_of(required_trainings(by_organization[organization], on=day), evidence, day))
            for organization in ORGANIZATIONS
            for day in days
        }
        width = len(columns.split(","))
        assert {row for row in rows if row[2]} == {row[:width] for row in recount if row[2]}
        if more:
            assert all(any(row[5 + n] for row in rows) for n in range(4)), "each of the figures is put to the test"


def counts_of(trainings: Collection[RequiredTraining], evidence: Evidence, day: date) -> tuple[int, ...]:
    """Required, exempted, completed, overdue, due in 14 days, expiring in 30 days, and expired on a day."""
    statuses = [training.status for training in trainings]
    still_open = {TrainingStatus.PENDING, TrainingStatus.IN_PROGRESS}

    def is_expired(training: RequiredTraining) -> bool:
        return (
            training.source is RequiredSource.REQUIREMENT
            and training.certification_id is not None
            and training.status not in {TrainingStatus.COMPLETED, TrainingStatus.EXEMPTED}
            and evidence.lapsed_on(training.person_id, training.certification_id, day) is not None
        )

    return (
        len(trainings),
        statuses.count(TrainingStatus.EXEMPTED),
        statuses.count(TrainingStatus.COMPLETED),
        statuses.count(TrainingStatus.OVERDUE),
        sum(
            training.status in still_open
            and training.due_on is not None
            and day <= training.due_on <= day + timedelta(days=14)
            for training in trainings
        ),
        sum(
            training.status is TrainingStatus.COMPLETED
            and training.valid_until is not None
            and day <= training.valid_until <= day + timedelta(days=30)
            for training in trainings
        ),
        sum(map(is_expired, trainings)),
    )
