"""Nobody gets at another organization's pages, people, exports or endpoints, whatever address they type."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.dashboards.navigation import PAGES
from operational_db import clock
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import SYSTEM_PRINCIPAL
from operational_db.identity.service import principal_for
from operational_db.owners import service as owners
from operational_db.owners.contracts import start_contract
from operational_db.owners.crew import check_crew
from operational_db.owners.visits import plan_visit
from operational_db.releases.manifest import current_manifest
from operational_db.releases.reader import open_scoped
from operational_db.releases.scope import scope_for
from operational_db.roi.costs import record_cost
from operational_db.tables.catalog import Course
from operational_db.tables.content import LessonReview, Reinforcement
from operational_db.tables.credentials import CeCredit, Certification, RegisterClaim, RegisterEntry, VerificationCase
from operational_db.tables.gates import ProficiencyEvidence
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.mentorship import ActionItem, MentoringSession, Mentorship, MentorshipMilestone
from operational_db.tables.notifications import Notification
from operational_db.types import (
    CostKind,
    EquipmentType,
    MeetingFormat,
    MentorshipSide,
    MentorshipStatus,
    MentorshipType,
    OrganizationKind,
    ProviderType,
    RegisterStanding,
    ReviewArea,
    ReviewReason,
    Role,
)
from tests.integration.installation import Installation, Member, copied_installation
from tests.integration.page_client import Page, open_page
from tests.operational_db.documents.sample_files import PNG

NOBODY = "nobody"
# Sees aggregates of everybody, names of nobody.
AGGREGATE_VIEWERS = ("product team", "platform admin")
OUTSIDERS = ["manager", "technician", "student", "school admin", "product team", NOBODY]
# What is in the address belongs to no organization: hashes of the whole log, and channels of one's own.
NOBODYS = {
    "/v1/ledger/consistency/{old_size}/{new_size}",
    "/v1/ledger/proof/{entry}",
    "/v1/ledger/tile/{path}",
    "/v1/me/notification-channels/{channel}",
    # A public register, kinds of certificates, and what people show to everybody.
    "/v1/registers/{register}/licences/{licence_number}",
    "/v1/certifications/registry/{certification_id}",
    "/v1/users/{person_id}/certifications",
    # One's own profile, by the side it is of.
    "/v1/me/mentorship/{side}-profile/pause",
    "/v1/me/mentorship/{side}-profile",
}
# Badges are made to be shown to strangers; what is one's own about them is not.
PUBLIC_PREFIXES = ("/v1/badges/classes/", "/v1/badges/status/", "/v1/badges/{public_id}/")
ONE_PAGE_AN_AREA = {"company-person", "school-student", "product-kpis", "platform-imports", "me-training"}


@dataclass(frozen=True)
class Other:
    """Everything of company and school B that somebody of A might ask for by its id."""

    manager: Member
    school: Member
    person_id: UUID
    student_id: UUID
    team_id: UUID
    course_id: UUID
    school_course_id: UUID
    enrollment_id: str
    module_id: str
    assessment_id: str
    content_id: str
    file_id: str
    requirement_id: str
    grant_id: str
    waiver_id: str
    incident_id: str
    decision_id: str
    lesson_id: str
    version_id: str
    review_id: str
    policy_id: str
    attempt_id: str
    notification_id: str
    reinforcement_id: str
    certificate_id: str
    document_id: str
    case_id: str
    credit_id: str
    claim_id: str
    building_id: str
    equipment_id: str
    contract_id: str
    visit_id: str
    crew_decision_id: str
    mentorship_id: str
    milestone_id: str
    session_id: str
    action_item_id: str
    cost_id: str
    evidence_id: str
    path_id: str
    # Names that stand for somebody of B and for nobody else.
    names: tuple[str, ...]
    student_names: tuple[str, ...]

    def path_values(self) -> dict[str, str]:
        return {
            "organization_id": str(self.manager.organization_id),
            "course_id": str(self.course_id),
            "enrollment_id": self.enrollment_id,
            "module_id": self.module_id,
            "requirement_id": self.requirement_id,
            "path_id": self.path_id,
            "content_id": self.content_id,
            "file_id": self.file_id,
            "action": "data-export",
            "evidence_id": self.evidence_id,
            "grant_id": self.grant_id,
            "waiver_id": self.waiver_id,
            "incident_id": self.incident_id,
            "decision_id": self.decision_id,
            "lesson_id": self.lesson_id,
            "version_id": self.version_id,
            "review_id": self.review_id,
            "policy_id": self.policy_id,
            "attempt_id": self.attempt_id,
            "question_id": "first",
            "notification_id": self.notification_id,
            "reinforcement_id": self.reinforcement_id,
            "certificate_id": self.certificate_id,
            "document_id": self.document_id,
            "case_id": self.case_id,
            "credit_id": self.credit_id,
            "register": "cslb",
            "claim_id": self.claim_id,
            "building_id": self.building_id,
            "equipment_id": self.equipment_id,
            "contract_id": self.contract_id,
            "visit_id": self.visit_id,
            "mentorship_id": self.mentorship_id,
            "milestone_id": self.milestone_id,
            "session_id": self.session_id,
            "action_item_id": self.action_item_id,
            "cost_id": self.cost_id,
            # Nobody's mentor.
            "mentor_id": str(self.student_id),
            "person_id": str(self.person_id),
            "starts_on": "2026-01-01",
            # The latest entries of the log, in a tile that is not full.
            "path": "000",
        }

    def secrets(self) -> list[str]:
        """What no byte sent to somebody of A may hold."""
        ids = [self.manager.organization_id, self.school.organization_id, self.team_id, self.course_id]
        return [*self.names, *self.student_names, *map(str, ids), self.enrollment_id, self.content_id]


@dataclass(frozen=True)
class World:
    installation: Installation
    callers: dict[str, UUID]
    own: Member
    own_school: Member
    other: Other

    def token(self, who: str) -> str | None:
        return None if who == NOBODY else self.installation.token(self.callers[who])

    def cookie(self, who: str) -> str | None:
        return None if who == NOBODY else self.installation.cookie(self.callers[who])


@pytest.fixture(scope="module")
def world(template: Path) -> Iterator[World]:
    """Companies and schools A and B of the demo; B has content, a course of its own and somebody in it."""
    with copied_installation(template) as installation:
        installation.start_server()
        own, other = installation.members(Role.COMPANY_MANAGER, OrganizationKind.SERVICE_COMPANY)[:2]
        own_school, other_school = installation.members(Role.SCHOOL_ADMIN, OrganizationKind.TRADE_SCHOOL)[:2]
        people = {
            "manager": own.person_id,
            "technician": _only_members(installation, own.organization_id, Role.TECHNICIAN)[0][0],
            "student": _only_members(installation, own_school.organization_id, Role.STUDENT)[0][0],
            "school admin": own_school.person_id,
            "product team": installation.members(Role.PRODUCT_TEAM)[0].person_id,
            "platform admin": installation.members(Role.PLATFORM_ADMIN)[0].person_id,
        }
        yield World(installation, people, own, own_school, _create_other(installation, other, other_school))


def _only_members(installation: Installation, organization_id: UUID, role: Role) -> list[tuple[UUID, str]]:
    """Members of this one organization alone, whose names nobody else has."""
    today = clock.today()
    alone = select(Membership.person_id).group_by(Membership.person_id).having(func.count() == 1)
    unique = select(Person.display_name).group_by(Person.display_name).having(func.count() == 1)
    query = (
        select(Person.id, Person.display_name)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.organization_id == organization_id, Membership.role == role)
        .where(Membership.started_on <= today, Membership.ended_on.is_(None))
        .where(Person.id.in_(alone), Person.display_name.in_(unique))
        .order_by(Person.id)
    )
    with read_only_session(installation.engine) as session:
        return [(row[0], row[1]) for row in session.execute(query)]


def _create_other(installation: Installation, manager: Member, school: Member) -> Other:
    token = installation.token(manager.person_id)
    base = f"/v1/organizations/{manager.organization_id}/training"

    def make(path: str, who: str = token, **body: Any) -> Any:
        answer = installation.call("POST", path, who, **body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    content = make(
        f"{base}/content",
        data={"title": "Own lift manual", "content_type": "document"},
        files={"file": ("manual.pdf", b"%PDF-1.7 own", "application/pdf")},
    )
    course = make(
        f"{base}/courses",
        json={
            "title": "Our own way of working",
            "category": "safety_certification",
            "modules": [{"title": "Manual", "content_type": "document", "content_id": content["id"]}],
        },
    )
    path = make(
        f"{base}/paths",
        json={
            "title": "Our own path",
            "target_role": "mechanic",
            "level": "mid",
            "courses": [{"course_id": course["id"]}],
        },
    )
    people = _only_members(installation, manager.organization_id, Role.TECHNICIAN)
    students = _only_members(installation, school.organization_id, Role.STUDENT)
    enrollment = make(f"/v1/training/courses/{course['id']}/enroll", installation.token(people[0][0]))
    requirements = installation.call("GET", f"{base}/requirements", token).json()
    about = {
        "organization_id": str(manager.organization_id),
        "person_id": str(people[0][0]),
        "action": "tenancy-check",
    }
    grant = make("/v1/access-lists/grants", json=about)
    waiver = make("/v1/waivers", json={**about, "reason": "Own reason", "ends_on": clock.today().isoformat()})
    incident = make(
        "/v1/incidents",
        json={
            "organization_id": about["organization_id"],
            "title": "Own incident",
            "scope": "data-export",
            "started_at": clock.now().isoformat(),
        },
    )
    decision = installation.call("POST", "/v1/gates/decisions", token, json=about).json()
    own = {"organization_id": about["organization_id"]}
    policy = make("/v1/policies", json={**own, "code": "POL-OWN-001", "title": "Own policy"})
    lesson = make("/v1/lessons", json={**own, "code": "OWN", "title": "Own lesson", "lesson_type": "quiz"})
    version = make(f"/v1/lessons/{lesson['id']}/versions", json={"body": {}, "duration_minutes": 3})
    shipped = installation.call("GET", "/v1/lessons", token).json()
    started = make(
        f"/v1/lessons/{next(each['id'] for each in shipped if each['code'] == 'DATA-EXPORT')}/attempts",
        installation.token(people[0][0]),
        json=own,
    )
    certificate, document, case, credit = _create_papers(installation, installation.token(people[0][0]))
    with unit_of_work(installation.engine) as session:
        claim_id = _create_claim(session, people[0][0], UUID(document))
        building, equipment, contract, visit, crew_decision = _create_visit(session, manager.organization_id)
    with unit_of_work(installation.engine) as session:
        review = LessonReview(
            lesson_version_id=UUID(version["id"]),
            area=ReviewArea.UX,
            reason=ReviewReason.PUBLICATION,
            requested_at=clock.now(),
        )
        notification = Notification(person_id=people[0][0], on_date=clock.today())
        reinforcement = Reinforcement(
            organization_id=manager.organization_id,
            person_id=people[0][0],
            action="data-export",
            lesson_id=UUID(lesson["id"]),
            due_at=clock.now(),
        )
        session.add_all([review, notification, reinforcement])
        session.flush()
        tasks = [str(row.id) for row in (review, notification, reinforcement)]
    with unit_of_work(installation.engine) as session:
        mentorship = _create_mentorship(session, people[0][0], people[1][0])
        cost = record_cost(
            session,
            SYSTEM_PRINCIPAL,
            organization_id=manager.organization_id,
            person_id=people[0][0],
            cost_kind=CostKind.FEE,
            incurred_on=clock.today(),
            amount=Decimal(100),
            currency="USD",
            now=clock.now(),
        )
        cost_id = str(cost.id)
    with read_only_session(installation.engine) as session:
        teams = select(Team.id).where(Team.organization_id == manager.organization_id)
        team_id = session.scalars(teams.order_by(Team.id)).first()
        courses = select(Course.id).where(
            Course.provider_type == ProviderType.TRADE_SCHOOL, Course.provider_id == school.organization_id
        )
        school_course_id = session.scalars(courses.order_by(Course.id)).first()
        proven = select(ProficiencyEvidence.id).where(ProficiencyEvidence.organization_id == manager.organization_id)
        evidence_id = session.scalars(proven.order_by(ProficiencyEvidence.id)).first()
    assert evidence_id is not None
    assert team_id is not None
    assert school_course_id is not None
    return Other(
        manager=manager,
        school=school,
        person_id=people[0][0],
        student_id=students[0][0],
        team_id=team_id,
        course_id=UUID(course["id"]),
        school_course_id=school_course_id,
        enrollment_id=enrollment["enrollment_id"],
        module_id=course["modules"][0]["id"],
        assessment_id="00000000-0000-7000-8000-000000000000",
        content_id=content["id"],
        file_id=content["file_id"],
        requirement_id=requirements[0]["requirement_id"],
        path_id=path["path_id"],
        grant_id=grant["grant_id"],
        waiver_id=waiver["waiver_id"],
        incident_id=incident["incident"]["incident_id"],
        decision_id=decision["context"]["id"],
        lesson_id=lesson["id"],
        version_id=version["id"],
        review_id=tasks[0],
        policy_id=policy["id"],
        attempt_id=started["attempt_id"],
        notification_id=tasks[1],
        reinforcement_id=tasks[2],
        certificate_id=certificate,
        document_id=document,
        case_id=case,
        credit_id=credit,
        claim_id=str(claim_id),
        building_id=str(building),
        equipment_id=str(equipment),
        contract_id=str(contract),
        visit_id=str(visit),
        crew_decision_id=str(crew_decision),
        mentorship_id=mentorship[0],
        milestone_id=mentorship[1],
        session_id=mentorship[2],
        action_item_id=mentorship[3],
        cost_id=cost_id,
        evidence_id=str(evidence_id),
        names=tuple(name for _, name in people),
        student_names=tuple(name for _, name in students),
    )


def _create_mentorship(session: Session, mentee_id: UUID, mentor_id: UUID) -> tuple[str, str, str, str]:
    """A running mentorship of two people of B, with a milestone, a meeting and a task."""
    now = clock.now()
    made = Mentorship(
        mentor_id=mentor_id,
        mentee_id=mentee_id,
        mentorship_type=MentorshipType.SKILL_SPECIFIC,
        status=MentorshipStatus.CANCELLED,
        requested_at=now,
        started_at=now,
        ended_at=now,
    )
    session.add(made)
    session.flush()
    milestone = MentorshipMilestone(mentorship_id=made.id, position=1, title="Own milestone")
    meeting = MentoringSession(
        mentorship_id=made.id,
        held_at=now,
        minutes=30,
        meeting_format=MeetingFormat.PHONE,
        mentor_notes="Own notes",
        logged_by_id=mentor_id,
    )
    session.add_all([milestone, meeting])
    session.flush()
    task = ActionItem(session_id=meeting.id, assignee=MentorshipSide.MENTEE, task="Own task")
    session.add(task)
    session.flush()
    return str(made.id), str(milestone.id), str(meeting.id), str(task.id)


def _create_papers(installation: Installation, token: str) -> tuple[str, str, str, str]:
    """A certificate somebody of B reported, kept to herself, with its document, its open case and a credit."""

    def make(path: str, **body: Any) -> Any:
        answer = installation.call("POST", path, token, **body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    document = make("/v1/me/documents", files={"file": ("paper.png", PNG, "image/png")})["id"]
    with read_only_session(installation.engine) as session:
        kind = session.scalars(
            select(Certification.id).where(Certification.ce_credits_required > 0).order_by(Certification.code)
        ).first()
    reported = {
        "certification_id": str(kind),
        "issued_on": (clock.today() - timedelta(days=3)).isoformat(),
        "document_id": document,
        "is_public": False,
    }
    certificate = make("/v1/me/certifications", json=reported)["id"]
    activity = {
        "credits": 2,
        "activity_type": "webinar",
        "activity_on": clock.today().isoformat(),
        "activity_description": "Own webinar",
    }
    credit = make(f"/v1/certifications/{certificate}/ce-credits", json=activity)
    with read_only_session(installation.engine) as session:
        case_id = session.scalars(
            select(VerificationCase.id).where(VerificationCase.certificate_id == UUID(certificate))
        ).one()
        credit_id = session.scalars(select(CeCredit.id).where(CeCredit.certificate_id == UUID(certificate))).one()
    assert credit
    return certificate, document, str(case_id), str(credit_id)


def _create_claim(session: Session, person_id: UUID, document_id: UUID) -> UUID:
    """Somebody of B claims an entry of a register."""
    now = clock.now()
    kind = session.scalars(select(Certification.id).order_by(Certification.code)).first()
    assert kind is not None
    holder = Person(display_name="Licence holder of B")
    session.add(holder)
    session.flush()
    entry = RegisterEntry(
        register="cslb",
        external_id="b-holder|C-11",
        certification_id=kind,
        person_id=holder.id,
        standing=RegisterStanding.CLEAR,
        status_text="CLEAR",
        issued_on=clock.today(),
        seen_at=now,
    )
    session.add(entry)
    session.flush()
    claim = RegisterClaim(
        entry_id=entry.id, person_id=person_id, document_id=document_id, claimed_at=now, claimed_by_id=person_id
    )
    session.add(claim)
    session.flush()
    return claim.id


def _create_visit(session: Session, contractor_id: UUID) -> tuple[UUID, UUID, UUID, UUID, UUID]:
    """An owner of its own whom B services: building, unit, contract, planned visit and a recorded crew check."""
    now = clock.now()
    owner = Organization(name="Owner of B", slug="owner-of-b", kind=OrganizationKind.BUILDING_OWNER)
    session.add(owner)
    session.flush()
    building = owners.add_building(session, SYSTEM_PRINCIPAL, organization_id=owner.id, name="House of B", now=now)
    unit = owners.add_equipment(
        session,
        SYSTEM_PRINCIPAL,
        building_id=building.id,
        name="Lift of B",
        equipment_type=EquipmentType.PASSENGER_ELEVATOR,
        now=now,
    )
    contract = start_contract(session, SYSTEM_PRINCIPAL, owner_id=owner.id, contractor_id=contractor_id, now=now)
    visit = plan_visit(
        session,
        SYSTEM_PRINCIPAL,
        contract_id=contract.id,
        building_id=building.id,
        planned_on=clock.today() + timedelta(days=5),
        now=now,
    )
    answer = check_crew(
        session,
        SYSTEM_PRINCIPAL,
        building_id=building.id,
        contractor_id=contractor_id,
        work_on=clock.today() + timedelta(days=5),
        now=now,
    )
    assert answer.decision.decision_id is not None
    return building.id, unit.id, contract.id, visit.id, answer.decision.decision_id


def _bodies(other: Other) -> dict[tuple[str, str], dict[str, Any]]:
    """A well-formed request of every writing endpoint, about B: it is the right that is missing, not a field."""
    organization = "/v1/organizations/{organization_id}/training"
    enrollment = "/v1/training/enrollments/{enrollment_id}"
    course = "/v1/training/courses/{course_id}"
    module = {"title": "Mine", "content_type": "document", "content_id": other.content_id}
    company = {"organization_id": str(other.manager.organization_id)}
    lesson, version = "/v1/lessons/{lesson_id}", "/v1/lessons/versions/{version_id}"
    draft = {"body": {}, "duration_minutes": 3}
    certificate, building = "/v1/certifications/{certificate_id}", "/v1/buildings/{building_id}"
    equipment, visit, contract = "/v1/equipment/{equipment_id}", "/v1/visits/{visit_id}", "/v1/contracts/{contract_id}"
    unit = {"name": "Mine", "equipment_type": "passenger_elevator"}
    mentorship, today = "/v1/mentorship/{mentorship_id}", clock.today().isoformat()
    person, money = {"person_id": str(other.person_id)}, {"amount": "10.00", "currency": "USD"}
    links = ("links.csv", b"person,licence_number,register\n", "text/csv")
    return {
        ("PUT", "/v1/me/certifications/{certificate_id}"): {"json": {"is_public": True}},
        ("DELETE", "/v1/me/certifications/{certificate_id}"): {},
        ("POST", "/v1/me/certifications/{certificate_id}/restore"): {},
        ("POST", "/v1/proficiency/{evidence_id}/revoke"): {"json": {"revoked_from": today, "reason": "Mine"}},
        ("POST", f"{certificate}/renew"): {},
        ("POST", f"{certificate}/verification"): {"json": {}},
        ("POST", f"{certificate}/ce-credits"): {
            "json": {"credits": 1, "activity_type": "webinar", "activity_on": clock.today().isoformat()}
        },
        ("DELETE", "/v1/certifications/ce-credits/{credit_id}"): {},
        ("POST", "/v1/certifications/verifications/{case_id}/decision"): {"json": {"is_approved": True}},
        ("DELETE", "/v1/documents/{document_id}"): {},
        ("POST", "/v1/registers/{register}/claims"): {
            "json": {
                "licence_number": "b-holder",
                "document_id": other.document_id,
                "person_id": str(other.person_id),
            }
        },
        ("POST", "/v1/register-claims/{claim_id}/decision"): {"json": {"is_approved": True}},
        ("POST", "/v1/organizations/{organization_id}/register-links"): {"files": {"file": links}},
        ("PUT", "/v1/badges/mine/{certificate_id}/sharing"): {"json": {"is_public": True}},
        ("PUT", building): {"json": {"name": "Mine"}},
        ("DELETE", building): {},
        ("POST", f"{building}/equipment"): {"json": unit},
        ("PUT", equipment): {"json": unit},
        ("DELETE", equipment): {},
        ("POST", f"{contract}/accept"): {},
        ("POST", f"{contract}/decline"): {},
        ("POST", f"{contract}/end"): {"json": {}},
        ("PATCH", visit): {"json": {"purpose": "Mine"}},
        ("POST", f"{visit}/settle"): {"json": {"is_done": False}},
        ("POST", "/v1/crew/decisions/{decision_id}/replay"): {},
        ("POST", f"{lesson}/open"): {"json": company},
        ("POST", f"{lesson}/attempts"): {"json": company},
        ("POST", f"{lesson}/checks/{{question_id}}"): {"json": {**company, "chosen": []}},
        ("POST", f"{lesson}/versions"): {"json": draft},
        ("POST", f"{lesson}/retire"): {},
        ("PUT", version): {"json": draft},
        ("POST", f"{version}/submit"): {},
        ("POST", f"{version}/publish"): {},
        ("POST", f"{version}/release-checks"): {"json": {"release_check": "links"}},
        ("POST", "/v1/lessons/attempts/{attempt_id}/submit"): {"json": {"answers": {}}},
        ("POST", "/v1/lessons/reviews/{review_id}/decision"): {"json": {"outcome": "approved"}},
        ("POST", "/v1/policies/{policy_id}/versions"): {
            "json": {
                "version": "9.0.0",
                "summary": "Mine",
                "changes_scope": False,
                "changes_controls": False,
                "effective_on": clock.today().isoformat(),
            }
        },
        ("PUT", "/v1/features/{action}"): {
            "json": {
                **company,
                "title": "Mine",
                "explanation": "Mine",
                "tip_bullets": ["a", "b"],
                "policy_code": "POL-OWN-001",
                "runbook_code": "RB-OWN",
            }
        },
        ("POST", "/v1/tips/{action}"): {"json": company},
        ("POST", "/v1/tips/{action}/dismissal"): {"json": company},
        ("POST", "/v1/me/notifications/{notification_id}/read"): {},
        ("POST", "/v1/me/reinforcement/{reinforcement_id}/finish"): {},
        ("PUT", "/v1/me/mentorship/dismissals/{mentor_id}"): {},
        ("DELETE", "/v1/me/mentorship/dismissals/{mentor_id}"): {},
        ("PUT", "/v1/mentorship/request/{mentorship_id}/accept"): {},
        ("PUT", "/v1/mentorship/request/{mentorship_id}/decline"): {"json": {}},
        ("POST", f"{mentorship}/log-session"): {
            "json": {"session_date": clock.now().isoformat(), "duration_minutes": 30, "format": "phone"}
        },
        ("PUT", f"{mentorship}/sessions/{{session_id}}/mine"): {"json": {"notes": "Mine"}},
        ("PUT", f"{mentorship}/action-items/{{action_item_id}}"): {"json": {"is_done": True}},
        ("PUT", f"{mentorship}/plan"): {"json": {"goals": ["Mine"]}},
        ("PUT", f"{mentorship}/milestones"): {"json": {"milestones": ["Mine"]}},
        ("POST", f"{mentorship}/milestones/{{milestone_id}}/reach"): {},
        ("POST", f"{mentorship}/feedback"): {"json": {"rating": 1}},
        ("POST", f"{mentorship}/complete"): {},
        ("POST", f"{mentorship}/cancel"): {"json": {"reason": "other"}},
        ("PUT", "/v1/organizations/{organization_id}/mentorship/reach"): {"json": {"reach": "nobody"}},
        ("POST", "/v1/organizations/{organization_id}/mentorship/cohort/proposals"): {"json": {"method": "optimal"}},
        ("POST", f"{organization}/costs"): {"json": {**money, "cost_kind": "fee", "incurred_on": today, **person}},
        ("POST", f"{organization}/costs/paid-hours"): {"json": {**person, "minutes": 60, "incurred_on": today}},
        ("POST", f"{organization}/costs/proposals"): {"json": {}},
        ("DELETE", "/v1/training/costs/{cost_id}"): {},
        ("PUT", f"{organization}/wages"): {"json": {**person, **money, "starts_on": today}},
        ("DELETE", f"{organization}/wages/{{person_id}}/{{starts_on}}"): {},
        ("PUT", f"{organization}/unit-values"): {"json": {**money, "outcome_kind": "incidents"}},
        ("POST", f"{organization}/outcomes"): {
            "json": {"jobs": [{"person": str(other.person_id), "job_number": "1", "finished_on": today}]}
        },
        ("POST", f"{organization}/roi/estimates"): {},
        ("PUT", "/v1/training/recommendations/{course_id}/dismissal"): {},
        ("DELETE", "/v1/training/recommendations/{course_id}/dismissal"): {},
        ("PUT", f"{course}/review"): {"json": {"rating": 1}},
        ("POST", f"{course}/enroll"): {"json": {"person_id": str(other.person_id)}},
        ("DELETE", enrollment): {},
        ("PUT", f"{enrollment}/modules/{{module_id}}"): {"json": {"time_spent_minutes": 1}},
        ("POST", f"{enrollment}/attempts"): {"json": {"assessment_id": other.assessment_id, "score": 100}},
        ("POST", f"{organization}/assign"): {
            "json": {"requirement_id": other.requirement_id, "person_ids": [str(other.person_id)]}
        },
        ("POST", f"{organization}/requirements"): {"json": {"course_id": str(other.school_course_id)}},
        ("POST", f"{organization}/requirements/{{requirement_id}}/end"): {"json": {}},
        ("POST", f"{organization}/content"): {
            "data": {"title": "Mine", "content_type": "text", "content_text": "Mine"}
        },
        ("PUT", f"{organization}/content/{{content_id}}"): {"data": {"title": "Mine"}},
        ("DELETE", f"{organization}/content/{{content_id}}"): {},
        ("POST", "/v1/gates/decisions/{decision_id}/replay"): {},
        ("DELETE", "/v1/access-lists/grants/{grant_id}"): {},
        ("PUT", "/v1/access-lists/{action}"): {
            "params": {"organization_id": str(other.manager.organization_id)},
            "json": {"rows": [{"person_id": str(other.person_id)}]},
        },
        ("POST", "/v1/waivers/{waiver_id}/end"): {},
        ("POST", "/v1/incidents/{incident_id}/people"): {"json": {"person_id": str(other.person_id)}},
        ("POST", f"{organization}/courses/{{course_id}}/archive"): {},
        ("POST", f"{organization}/paths"): {
            "json": {
                "title": "Mine",
                "target_role": "Mine",
                "level": "Mine",
                "courses": [{"course_id": str(other.course_id)}],
            }
        },
        ("PUT", f"{organization}/paths/{{path_id}}/certifications"): {"json": {"certification_ids": []}},
        ("POST", f"{organization}/courses"): {
            "json": {"title": "Mine", "category": "safety_certification", "modules": [module]}
        },
    }


class TestApi:
    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_every_endpoint_refuses_the_ids_of_another_organization(self, world: World, who: str) -> None:
        """Taken from the API's own description, so that a new endpoint cannot be forgotten here."""
        token, other = world.token(who), world.other
        bodies, values = _bodies(other), other.path_values()
        entries_before = _entry_count(world)
        tried = 0
        for path, operations in world.installation.call("GET", "/openapi.json").json()["paths"].items():
            if "{" not in path or path in NOBODYS or path.startswith(PUBLIC_PREFIXES):
                continue
            named = {**values, "decision_id": other.crew_decision_id} if "/crew/" in path else values
            for method in map(str.upper, operations):
                request = {} if method == "GET" else bodies[method, path]
                answer = world.installation.call(method, path.format(**named), token, **request)
                tried += 1
                allowed = {401} if who == NOBODY else {403, 404}
                assert answer.status_code in allowed, f"{method} {path}: {answer.status_code} {answer.text}"
                assert answer.headers["content-type"] == "application/problem+json"
                assert not [name for name in other.names if name in answer.text]
        assert tried > 15
        assert _entry_count(world) == entries_before

    @pytest.mark.parametrize("who", ["manager", "technician", "student", "school admin"])
    def test_lists_and_filters_hold_nothing_of_another_organization(self, world: World, who: str) -> None:
        """The catalogue, and an own list asked for another company's people and teams by their ids."""
        token, other = world.token(who), world.other
        found = world.installation.call("GET", "/v1/training/courses?q=own+way+of+working&page_size=200", token).json()
        assert str(other.course_id) not in [course["id"] for course in found["items"]]
        own = f"/v1/organizations/{world.own.organization_id}/training/assignments"
        for filters in (f"person_id={other.person_id}", f"team_id={other.team_id}"):
            answer = world.installation.call("GET", f"{own}?{filters}", token)
            if who == "manager":
                assert answer.json()["total_count"] == 0
            else:
                assert answer.status_code == 403

    def test_nobody_is_told_of_anything_but_health(self, world: World) -> None:
        for path in ("/v1/training/courses", "/v1/me/training/enrollments", "/v1/me/training/assignments"):
            assert world.installation.call("GET", path).status_code == 401
            assert world.installation.call("GET", path, "made-up").status_code == 401
        assert world.installation.call("GET", "/health").status_code == 200

    def test_a_manager_cannot_reach_out_of_the_own_organization_through_a_body(self, world: World) -> None:
        """Own organization in the path, somebody else's person, team or requirement in the body."""
        own, other, token = world.own, world.other, world.token("manager")
        before = _entry_count(world)
        assign = f"/v1/organizations/{own.organization_id}/training/assign"
        for body in (
            {"course_id": str(other.school_course_id), "assigned_to_person_id": str(other.person_id)},
            {"course_id": str(other.school_course_id), "assigned_to_team_id": str(other.team_id)},
            {"course_id": str(other.course_id), "assigned_to_person_id": str(own.person_id)},
            {"requirement_id": other.requirement_id},
        ):
            answer = world.installation.call("POST", assign, token, json=body)
            assert answer.status_code in {403, 404, 422}, answer.text
        enroll = {"person_id": str(other.person_id), "sponsored_by_organization_id": str(own.organization_id)}
        path = f"/v1/training/courses/{other.school_course_id}/enroll"
        assert world.installation.call("POST", path, token, json=enroll).status_code in {403, 404}
        assert _entry_count(world) == before


def _entry_count(world: World) -> int:
    with read_only_session(world.installation.engine) as session:
        return session.scalar(select(func.count()).select_from(LedgerEvent)) or 0


class TestPages:
    @pytest.mark.parametrize("who", [*OUTSIDERS, "platform admin"])
    def test_no_address_shows_anything_of_another_organization(self, world: World, who: str) -> None:
        """Every page, with the organization, person, student and course of B in its address."""
        other = world.other
        address = {
            "company_organization": other.manager.organization_name,
            "school_organization": other.school.organization_name,
            "organization": str(other.manager.organization_id),
            "person": str(other.person_id),
            "exempt_person": str(other.person_id),
            "student": str(other.student_id),
            "course": str(other.school_course_id),
            "people_search": other.names[0],
            "students_search": other.student_names[0],
        }
        is_brief = who in {"technician", "student", NOBODY}
        pages = [page.address for page in PAGES if not is_brief or page.address in ONE_PAGE_AN_AREA]
        cookie = world.cookie(who)

        def opened(page: str) -> Page:
            return open_page(world.installation, page, cookie, address)

        with ThreadPoolExecutor(4) as pool:
            found = dict(zip(pages, pool.map(opened, pages), strict=True))
        # The address itself is in the browser already, and its search box says it again.
        typed = set(address.values())
        for page, content in found.items():
            assert not content.has_exception, page
            leaked = [secret for secret in other.secrets() if secret not in typed and content.holds(secret)]
            assert leaked == [], f"{page} shows {who} {leaked[:5]}"

    @pytest.mark.parametrize(("who", "page"), [("manager", "company-people"), ("school admin", "school-students")])
    def test_the_same_page_shows_the_own_people(self, world: World, who: str, page: str) -> None:
        """So that the tests above do not pass because pages are empty."""
        member, role = (world.own, Role.TECHNICIAN) if who == "manager" else (world.own_school, Role.STUDENT)
        content = open_page(world.installation, page, world.cookie(who))
        names = [name for _, name in _only_members(world.installation, member.organization_id, role)]
        assert sum(content.holds(name) for name in names) > 3
        assert "As of" in content.text

    def test_a_page_for_others_says_for_whom_it_is(self, world: World) -> None:
        for who, page in (
            ("technician", "company-people"),
            ("manager", "platform-imports"),
            ("student", "product-kpis"),
        ):
            assert "This page is for" in open_page(world.installation, page, world.cookie(who)).text
        assert "Whose work do you want to see?" in open_page(world.installation, "company-people", None).text

    def test_a_forged_or_altered_cookie_is_nobodys(self, world: World) -> None:
        good = world.installation.cookie(world.callers["manager"])
        for cookie in (good[:-2] + ("aa" if not good.endswith("aa") else "bb"), "sitesync_session=e30.forged"):
            content = open_page(world.installation, "company-people", cookie)
            assert "Whose work do you want to see?" in content.text


class TestFigures:
    """Downloads and pages alike read through the viewer's scope: all that can be asked of it is the own part."""

    @pytest.mark.parametrize("who", ["manager", "technician", "student", "school admin", *AGGREGATE_VIEWERS])
    def test_everything_in_a_scope_is_the_viewers_own(self, world: World, who: str) -> None:
        installation = world.installation
        with read_only_session(installation.engine) as session:
            scope = scope_for(principal_for(session, world.callers[who], on=clock.today()))
        other = world.other
        strangers = Counter[str]()
        with open_scoped(current_manifest(installation.settings), scope) as warehouse:
            for view in sorted(warehouse.views):
                columns = warehouse.query(f"select * from {view} limit 0").columns
                for column, ids in (
                    ("person_id", (other.person_id, other.student_id)),
                    ("organization_id", (other.manager.organization_id,)),
                ):
                    if column not in columns or (column == "organization_id" and who in AGGREGATE_VIEWERS):
                        continue
                    places = ", ".join(f"'{value}'" for value in ids)
                    sql = f"select count(*) from {view} where {column}::varchar in ({places})"
                    strangers[view] += warehouse.query(sql).item()
            names = set(warehouse.query("select display_name from dim_person")["display_name"])
        assert +strangers == Counter()
        assert not names & {*other.names, *other.student_names}
        if who in AGGREGATE_VIEWERS:
            # The platform's own staff, who are colleagues; of everybody else there are aggregates only.
            assert len(names) < 10
