"""Incidents: reported, who was involved, and whether each was certified for the scope then, as known then and now."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import end_membership, erase_person
from operational_db.incidents import service
from operational_db.incidents.service import Involvement
from operational_db.paging import PageRequest
from operational_db.proficiency.service import record_evidence, revoke_evidence
from operational_db.tables.gates import Incident
from operational_db.tables.identity import Membership, Organization
from operational_db.types import ProficiencyLevel, Role
from tests.builders import create_organization
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, kinds_about

SCOPE = "data-export"


def report(
    session: Session, principal: Principal, organization: Organization, now: datetime, **fields: object
) -> Incident:
    values: dict[str, object] = {
        "title": "Customer list sent to the wrong address",
        "scope": SCOPE,
        "started_at": now - timedelta(days=10),
    }
    return service.report_incident(
        session,
        principal,
        organization_id=organization.id,
        now=now,
        **{**values, **fields},  # type: ignore[arg-type]
    )


def prove(session: Session, organization: Organization, person_id: UUID, achieved_at: datetime, now: datetime) -> UUID:
    rows = record_evidence(
        session,
        person_id=person_id,
        organization_id=organization.id,
        scopes=[SCOPE],
        lesson_id=None,
        lesson_version=None,
        level=ProficiencyLevel.COMPLETED,
        achieved_at=achieved_at,
        now=now,
    )
    return rows[0].id


class TestIncidentReport:
    @pytest.mark.requirement("EMB-17")
    def test_certified_then_as_known_then_and_as_known_now(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        began = now - timedelta(days=10)
        certified, never, late, learned_later, revoked_since = (
            create_member(session, organization).person_id for _ in range(5)
        )
        prove(session, organization, certified, began - timedelta(days=30), began - timedelta(days=30))
        prove(session, organization, late, began + timedelta(days=1), began + timedelta(days=1))
        # Earned before, and only entered after the incident.
        prove(session, organization, learned_later, began - timedelta(days=5), began + timedelta(days=3))
        evidence = prove(session, organization, revoked_since, began - timedelta(days=30), began - timedelta(days=30))
        revoke_evidence(
            session,
            SYSTEM_PRINCIPAL,
            evidence_id=evidence,
            revoked_from=(began - timedelta(days=20)).date(),
            reason="Copied answers.",
            now=began + timedelta(days=5),
        )
        people = [certified, never, late, learned_later, revoked_since]
        incident = report(session, manager, organization, now, people=[Involvement(each) for each in people])
        found = service.incident_report(session, manager, incident_id=incident.id, now=now)
        answers = {
            each.person.person_id: (each.known_then.is_certified, each.known_now.is_certified) for each in found.people
        }
        assert answers == {
            certified: (True, True),
            never: (False, False),
            late: (False, False),
            learned_later: (False, True),
            revoked_since: (True, False),
        }
        assert (found.certified_then_count, found.certified_now_count) == (2, 2)
        reasons = {each.person.person_id: str(each.known_now.reason) for each in found.people}
        assert (reasons[never], reasons[revoked_since]) == ("never_trained", "revoked")

    @pytest.mark.requirement("EMB-17")
    def test_says_the_same_again_whatever_is_learned_later(self, session: Session, now: datetime) -> None:
        """The answer as known then never changes, and as known at one instant neither."""
        manager, organization = create_manager(session)
        person = create_member(session, organization).person_id
        incident = report(session, manager, organization, now, people=[Involvement(person)])
        first = service.incident_report(session, manager, incident_id=incident.id, now=now)
        prove(session, organization, person, now - timedelta(days=40), now + timedelta(days=1))
        again = service.incident_report(session, manager, incident_id=incident.id, now=now)
        assert again.people == first.people
        later = service.incident_report(session, manager, incident_id=incident.id, now=now + timedelta(days=2))
        assert later.people[0].known_then == first.people[0].known_then
        assert later.people[0].known_now.is_certified

    def test_who_left_or_was_erased_since_stays_in_it(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        leaver, erased = (create_member(session, organization).person_id for _ in range(2))
        for person in (leaver, erased):
            prove(session, organization, person, now - timedelta(days=40), now - timedelta(days=40))
        incident = report(
            session, manager, organization, now, people=[Involvement(leaver, "Sent it"), Involvement(erased)]
        )
        membership = session.scalars(select(Membership).where(Membership.person_id == leaver)).one()
        end_membership(session, SYSTEM_PRINCIPAL, membership_id=membership.id, ended_on=now.date(), now=now)
        erase_person(session, SYSTEM_PRINCIPAL, person_id=erased, now=now)
        found = service.incident_report(session, manager, incident_id=incident.id, now=now)
        assert all(each.known_then.is_certified and each.known_now.is_certified for each in found.people)
        assert len(found.people) == 2


class TestReportIncident:
    def test_the_ledger_knows_scope_and_people_and_no_words(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        person = create_member(session, organization).person_id
        incident = report(
            session, manager, organization, now, summary="Ann sent it.", people=[Involvement(person, "Sent it.")]
        )
        [event] = events_about(session, person)
        assert (event.kind, body_of(event)) == ("incident.person_involved", {"incident_id": str(incident.id)})
        reported = [each for each in events_about(session, None) if each.kind == "incident.reported"]
        assert body_of(reported[-1]) == {"incident_id": str(incident.id), "scope": SCOPE}
        assert reported[-1].occurred_at == now - timedelta(days=10)

    def test_naming_somebody_again_changes_only_the_words(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        person = create_member(session, organization).person_id
        incident = report(session, manager, organization, now)
        for words in ("Sent it.", "Approved it.", ""):
            service.add_person(session, manager, incident_id=incident.id, person_id=person, involvement=words, now=now)
        found = service.incident_report(session, manager, incident_id=incident.id, now=now)
        assert [each.person.involvement for each in found.people] == ["Approved it."]
        assert kinds_about(session, person) == ["incident.person_involved"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"title": " "},
            {"title": "x" * 201},
            {"scope": "Data Export"},
            {"action": ""},
            {"started_at": datetime(2026, 11, 3, tzinfo=UTC)},
            {"started_at": datetime(2026, 11, 1)},  # noqa: DTZ001 - without a zone on purpose
            {"ended_at": datetime(2026, 10, 1, tzinfo=UTC)},
            {"ended_at": datetime(2026, 11, 4, tzinfo=UTC)},
        ],
    )
    def test_what_cannot_be_is_refused(self, session: Session, now: datetime, fields: dict[str, object]) -> None:
        manager, organization = create_manager(session)
        with pytest.raises(InvalidInputError):
            report(session, manager, organization, now, **fields)

    def test_not_with_another_organizations_people(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        theirs = create_member(session, create_organization(session)).person_id
        with pytest.raises(NotFoundError):
            report(session, manager, organization, now, people=[Involvement(theirs)])

    @pytest.mark.parametrize("role", list(Role))
    def test_who_may_report_and_who_may_read(self, session: Session, now: datetime, role: Role) -> None:
        organization = create_organization(session)
        caller = create_member(session, organization, role)
        may_report = role in {Role.SUPERVISOR, Role.COMPANY_MANAGER, Role.PLATFORM_ADMIN}
        may_read = may_report or role is Role.AUDITOR
        incident = report(session, SYSTEM_PRINCIPAL, organization, now)
        if may_report:
            report(session, caller, organization, now)
        else:
            with pytest.raises(NotAuthorizedError):
                report(session, caller, organization, now)
        if may_read:
            assert service.incident_report(session, caller, incident_id=incident.id, now=now).people == ()
            page = service.list_incidents(session, caller, organization.id, page=PageRequest())
            assert page.total == 1 + may_report
        else:
            with pytest.raises(NotFoundError):
                service.incident_report(session, caller, incident_id=incident.id, now=now)
            with pytest.raises(NotAuthorizedError):
                service.list_incidents(session, caller, organization.id, page=PageRequest())

    def test_another_organizations_incident_is_not_there(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        incident = report(session, manager, organization, now)
        stranger, _ = create_manager(session)
        person = create_member(session, organization).person_id
        with pytest.raises(NotFoundError):
            service.incident_report(session, stranger, incident_id=incident.id, now=now)
        with pytest.raises(NotFoundError):
            service.add_person(session, stranger, incident_id=incident.id, person_id=person, now=now)
        auditor = create_member(session, organization, Role.AUDITOR)
        with pytest.raises(NotAuthorizedError):
            service.add_person(session, auditor, incident_id=incident.id, person_id=person, now=now)
        with pytest.raises(NotAuthorizedError):
            report(session, stranger, organization, now)
