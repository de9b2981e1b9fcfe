"""Waivers: reason, an approver who is somebody else, an end; and who may grant, see and end them."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.gates import waivers
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.paging import PageRequest
from operational_db.tables.gates import GateWaiver
from operational_db.tables.identity import Organization
from operational_db.types import Role
from tests.builders import create_organization
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, kinds_about


def grant(
    session: Session,
    principal: Principal,
    organization: Organization,
    person: Principal,
    now: datetime,
    **fields: object,
) -> GateWaiver:
    values: dict[str, object] = {
        "action": "data-export",
        "reason": "Covers for a colleague.",
        "ends_on": now.date() + timedelta(days=14),
    }
    return waivers.grant_waiver(
        session,
        principal,
        organization_id=organization.id,
        person_id=person.person_id,
        now=now,
        **{**values, **fields},  # type: ignore[arg-type]
    )


class TestGrantWaiver:
    def test_is_kept_with_reason_approver_and_end_and_the_ledger_knows_no_reason(
        self, session: Session, now: datetime
    ) -> None:
        manager, organization = create_manager(session)
        person = create_member(session, organization)
        waiver = grant(session, manager, organization, person, now)
        [view] = waivers.list_waivers(session, manager, organization.id, on=now.date()).items
        assert (view.reason, view.approver_id, view.ends_on) == (
            "Covers for a colleague.",
            manager.person_id,
            date(2026, 11, 16),
        )
        [event] = events_about(session, person.person_id)
        assert body_of(event) == {
            "waiver_id": str(waiver.id),
            "action": "data-export",
            "approver_id": str(manager.person_id),
            "starts_on": "2026-11-02",
            "ends_on": "2026-11-16",
        }

    def test_nobody_waives_her_own_training_not_even_by_hand(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        with pytest.raises(NotAuthorizedError, match="her own"):
            grant(session, manager, organization, manager, now)
        with pytest.raises(NotAuthorizedError, match="person who approves"):
            grant(session, SYSTEM_PRINCIPAL, organization, manager, now)
        waiver = grant(session, manager, organization, create_member(session, organization), now)
        with pytest.raises(IntegrityError, match="approved_by_another"), session.begin_nested():
            session.execute(update(GateWaiver).where(GateWaiver.id == waiver.id).values(approver_id=waiver.person_id))

    @pytest.mark.parametrize(
        "fields",
        [
            {"reason": "  "},
            {"action": "Data Export"},
            {"ends_on": date(2026, 11, 1)},
            {"starts_on": date(2026, 12, 1), "ends_on": date(2026, 11, 20)},
            {"ends_on": date(2027, 11, 3)},
        ],
    )
    def test_without_reason_or_end_there_is_none(
        self, session: Session, now: datetime, fields: dict[str, object]
    ) -> None:
        manager, organization = create_manager(session)
        with pytest.raises(InvalidInputError):
            grant(session, manager, organization, create_member(session, organization), now, **fields)

    @pytest.mark.parametrize("ends_on", [date(2026, 11, 2), date(2027, 11, 2)])
    def test_from_one_day_to_a_leap_year_long(self, session: Session, now: datetime, ends_on: date) -> None:
        manager, organization = create_manager(session)
        waiver = grant(session, manager, organization, create_member(session, organization), now, ends_on=ends_on)
        assert waiver.ends_on == ends_on

    def test_two_on_the_same_day_are_one_too_many(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        person = create_member(session, organization)
        grant(session, manager, organization, person, now)
        with pytest.raises(ConflictError, match="16 Nov 2026"):
            grant(session, manager, organization, person, now, starts_on=date(2026, 11, 16))
        grant(
            session,
            manager,
            organization,
            person,
            now,
            starts_on=date(2026, 11, 17),
            ends_on=date(2026, 11, 18),
        )
        grant(session, manager, organization, person, now, action="production-change")

    @pytest.mark.parametrize("role", [role for role in Role if role not in {Role.COMPANY_MANAGER, Role.PLATFORM_ADMIN}])
    def test_only_who_may_grant_waivers(self, session: Session, now: datetime, role: Role) -> None:
        organization = create_organization(session)
        caller, person = create_member(session, organization, role), create_member(session, organization)
        with pytest.raises(NotAuthorizedError):
            grant(session, caller, organization, person, now)

    def test_not_for_another_organizations_people(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        _, other = create_manager(session)
        theirs = create_member(session, other)
        with pytest.raises(NotFoundError):
            grant(session, manager, organization, theirs, now)
        with pytest.raises(NotAuthorizedError):
            grant(session, manager, other, theirs, now)


class TestEndWaiver:
    def test_ends_at_once_and_once(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        person = create_member(session, organization)
        waiver = grant(session, manager, organization, person, now)
        waivers.end_waiver(session, manager, waiver_id=waiver.id, now=now + timedelta(days=1))
        assert kinds_about(session, person.person_id) == ["waiver.granted", "waiver.ended"]
        assert waivers.list_waivers(session, manager, organization.id, on=now.date()).total == 0
        assert waivers.list_waivers(session, manager, organization.id, page=PageRequest(2, 1)).page_count == 1
        with pytest.raises(ConflictError):
            waivers.end_waiver(session, manager, waiver_id=waiver.id, now=now)

    def test_one_that_is_over_has_no_earlier_end(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        waiver = grant(session, manager, organization, create_member(session, organization), now)
        with pytest.raises(ConflictError):
            waivers.end_waiver(session, manager, waiver_id=waiver.id, now=now + timedelta(days=15))

    def test_another_organizations_waiver_is_not_there(self, session: Session, now: datetime) -> None:
        manager, organization = create_manager(session)
        waiver = grant(session, manager, organization, create_member(session, organization), now)
        stranger, _ = create_manager(session)
        with pytest.raises(NotFoundError):
            waivers.end_waiver(session, stranger, waiver_id=waiver.id, now=now)
        supervisor = create_member(session, organization, Role.SUPERVISOR)
        with pytest.raises(NotAuthorizedError):
            waivers.end_waiver(session, supervisor, waiver_id=waiver.id, now=now)
        with pytest.raises(NotAuthorizedError):
            waivers.list_waivers(session, stranger, organization.id)
