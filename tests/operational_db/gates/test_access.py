"""Access lists: repeatable, row errors with line, column and remedy, and the stop before too many lose their access."""

from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import (
    ConflictError,
    ImportRefusedError,
    InvalidInputError,
    NotAuthorizedError,
    NotFoundError,
)
from operational_db.gates import access
from operational_db.gates.access_list import AccessRow
from operational_db.gates.access_views import AccessReport
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.identity.service import erase_person
from operational_db.imports.service import undo_import
from operational_db.paging import PageRequest
from operational_db.tables.gates import AccessGrant
from operational_db.tables.identity import Organization, Person
from operational_db.types import Role
from tests.builders import create_organization
from tests.operational_db.principals import body_of, create_manager, create_member, events_about, kinds_about

ACTION = "data-export"


def import_rows(
    session: Session,
    principal: Principal,
    organization: Organization,
    people: list[UUID],
    now: datetime,
    **options: object,
) -> AccessReport:
    rows = [AccessRow(person_id=str(person_id)) for person_id in people]
    return import_list(session, principal, organization, rows, now, **options)


def import_list(
    session: Session,
    principal: Principal,
    organization: Organization,
    rows: list[AccessRow] | bytes | Path,
    now: datetime,
    **options: object,
) -> AccessReport:
    return access.import_access_list(
        session,
        principal,
        organization_id=organization.id,
        action=ACTION,
        rows=rows,
        source="warehouse",
        now=now,
        **options,  # type: ignore[arg-type]
    )


def people_on_list(session: Session, organization: Organization) -> set[UUID]:
    statement = select(AccessGrant.person_id).where(
        AccessGrant.organization_id == organization.id, AccessGrant.removed_on.is_(None)
    )
    return set(session.scalars(statement))


@pytest.fixture
def manager(session: Session) -> tuple[Principal, Organization]:
    return create_manager(session)


@pytest.fixture
def members(session: Session, manager: tuple[Principal, Organization]) -> list[UUID]:
    return [create_member(session, manager[1]).person_id for _ in range(6)]


class TestGrantAccess:
    def test_is_on_the_list_and_in_the_ledger_once(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        made = [
            access.grant_access(
                session, principal, organization_id=organization.id, person_id=members[0], action=ACTION, now=now
            )
            for _ in range(2)
        ]
        assert made[0] is made[1]
        [event] = events_about(session, members[0])
        assert event.kind == "access.granted"
        assert body_of(event) == {"access_id": str(made[0].id), "action": ACTION, "granted_on": "2026-11-02"}

    def test_two_products_grant_and_take_it_by_themselves(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        grants = [
            access.grant_access(
                session,
                principal,
                organization_id=organization.id,
                person_id=members[0],
                action=ACTION,
                source=source,
                now=now,
            )
            for source in ("crm", "warehouse")
        ]
        access.remove_access(session, principal, grant_id=grants[0].id, now=now + timedelta(days=2))
        page = access.list_access(session, principal, organization.id, page=PageRequest())
        assert [(view.source, view.person_id) for view in page.items] == [("warehouse", members[0])]
        assert kinds_about(session, members[0]) == ["access.granted", "access.granted", "access.removed"]
        with pytest.raises(ConflictError, match="04 Nov 2026"):
            access.remove_access(session, principal, grant_id=grants[0].id, now=now)

    @pytest.mark.parametrize("action", ["", "Data Export", "data export", "-x", "a" * 101, "übung"])
    def test_an_action_is_a_plain_name(
        self,
        session: Session,
        manager: tuple[Principal, Organization],
        members: list[UUID],
        now: datetime,
        action: str,
    ) -> None:
        with pytest.raises(InvalidInputError, match="no name"):
            access.grant_access(
                session, manager[0], organization_id=manager[1].id, person_id=members[0], action=action, now=now
            )

    def test_not_for_the_future_nor_for_a_stranger(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        stranger = create_member(session, create_organization(session)).person_id
        with pytest.raises(NotFoundError):
            access.grant_access(
                session, principal, organization_id=organization.id, person_id=stranger, action=ACTION, now=now
            )
        with pytest.raises(InvalidInputError, match="not begun"):
            access.grant_access(
                session,
                principal,
                organization_id=organization.id,
                person_id=members[0],
                action=ACTION,
                granted_on=now.date() + timedelta(days=1),
                now=now,
            )

    @pytest.mark.parametrize("role", [role for role in Role if role not in {Role.COMPANY_MANAGER, Role.PLATFORM_ADMIN}])
    def test_only_who_manages_access_lists(self, session: Session, now: datetime, role: Role) -> None:
        organization = create_organization(session)
        caller = create_member(session, organization, role)
        with pytest.raises(NotAuthorizedError):
            access.grant_access(
                session, caller, organization_id=organization.id, person_id=caller.person_id, action=ACTION, now=now
            )
        with pytest.raises(NotAuthorizedError):
            import_rows(session, caller, organization, [], now)

    def test_another_organizations_grant_is_not_there(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        grant = access.grant_access(
            session, principal, organization_id=organization.id, person_id=members[0], action=ACTION, now=now
        )
        stranger, _ = create_manager(session)
        with pytest.raises(NotFoundError):
            access.remove_access(session, stranger, grant_id=grant.id, now=now)
        with pytest.raises(NotAuthorizedError):
            access.list_access(session, stranger, organization.id, page=PageRequest())
        auditor = create_member(session, organization, Role.AUDITOR)
        with pytest.raises(NotAuthorizedError):
            access.remove_access(session, auditor, grant_id=grant.id, now=now)
        assert access.list_access(session, auditor, organization.id, page=PageRequest()).total == 1


class TestImportAccessList:
    def test_the_list_becomes_what_the_rows_say_and_repeating_it_changes_nothing(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        first = import_rows(session, principal, organization, members[:5], now)
        assert (first.read_count, first.added_count, first.removed_count) == (5, 5, 0)
        again = import_rows(session, principal, organization, members[:5], now + timedelta(days=1))
        assert (again.added_count, again.removed_count, again.unchanged_count) == (0, 0, 5)
        moved = import_rows(session, principal, organization, members[1:], now + timedelta(days=2))
        assert moved.added_person_ids == (members[5],)
        assert moved.removed_person_ids == (members[0],)
        assert people_on_list(session, organization) == set(members[1:])
        assert kinds_about(session, members[0]) == ["access.granted", "access.removed"]
        assert kinds_about(session, members[1]) == ["access.granted"]

    def test_a_dry_run_tells_the_same_and_writes_nothing(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        dry = import_rows(session, principal, organization, members, now, is_dry_run=True)
        assert dry.import_id is None
        assert people_on_list(session, organization) == set()
        assert events_about(session, members[0]) == []
        real = import_rows(session, principal, organization, members, now)
        assert real.added_person_ids == dry.added_person_ids

    def test_more_than_the_share_may_not_lose_it_at_once(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        """D8: a file that would remove more than a set share is stopped; exactly the share is not."""
        principal, organization = manager
        import_rows(session, principal, organization, members[:5], now)
        with pytest.raises(ImportRefusedError, match="2 of 5 people"):
            import_rows(session, principal, organization, members[:3], now)
        with pytest.raises(ImportRefusedError, match="5 of 5 people"):
            import_rows(session, principal, organization, [], now)
        assert people_on_list(session, organization) == set(members[:5])
        at_the_share = import_rows(session, principal, organization, members[:4], now)
        assert at_the_share.removed_count == 1
        raised = import_rows(session, principal, organization, members[:2], now, max_removal_share=0.5)
        assert raised.removed_count == 2

    def test_each_bad_row_is_named_with_line_column_and_remedy(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        person = session.get_one(Person, members[1])
        person.oidc_subject = "idp|ann"
        session.flush()
        rows = [
            f"{members[0]},,2026-10-01",
            "not-an-id,,",
            f"{uuid4()},,",
            ",nobody,",
            ",,2026-10-01",
            f"{members[2]},idp-ann,",
            f"{members[2]},,yesterday",
            f"{members[3]},,2026-11-03",
            f"{members[0]},,",
            f"{members[4]},",
            f"{members[5]},,",
        ]
        content = "person_id,account,granted_on\n" + "\n".join(rows) + "\n"
        report = import_list(session, principal, organization, content.encode(), now)
        found = [(finding.line, finding.column, finding.code) for finding in report.findings]
        assert sorted(found, key=lambda item: item[0] or 0) == [
            (3, "person_id", "unreadable_value"),
            (4, "person_id", "unknown_person"),
            (5, "account", "unknown_person"),
            (6, "person_id", "value_missing"),
            (7, "account", "unknown_person"),
            (8, "granted_on", "unreadable_value"),
            (9, "granted_on", "in_the_future"),
            (10, "person_id", "duplicate_row"),
            (11, None, "ragged_line"),
        ]
        assert all(finding.remedy for finding in report.findings)
        assert (report.read_count, report.added_count, report.refused_count) == (11, 2, 9)
        assert people_on_list(session, organization) == {members[0], members[5]}
        granted = session.scalar(select(AccessGrant.granted_on).where(AccessGrant.person_id == members[0]))
        assert granted == date(2026, 10, 1)

    def test_people_are_found_by_their_account_too_and_contradictions_refused(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        session.get_one(Person, members[1]).oidc_subject = "idp-ann"
        session.flush()
        report = import_list(
            session,
            principal,
            organization,
            [AccessRow(account=" idp-ann "), AccessRow(person_id=str(members[2]), account="idp-ann")],
            now,
        )
        assert report.added_person_ids == (members[1],)
        assert [(f.line, f.code) for f in report.findings] == [(2, "ambiguous_person")]

    def test_a_bad_row_costs_nobody_the_access_she_has(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        import_rows(session, principal, organization, members, now)
        rows = [AccessRow(person_id=str(person_id), granted_on="32.13.") for person_id in members]
        report = import_list(session, principal, organization, rows, now)
        assert (report.refused_count, report.removed_count) == (6, 0)
        assert people_on_list(session, organization) == set(members)

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "empty file"),
            (b"\xff\xfe\x00", "wrong encoding"),
            (b"person;account\n", "wrong separator"),
            (b"persn_id\nx\n", "Did you mean 'person_id'"),
            (b"granted_on\n2026-10-01\n", "person_id or account"),
            (b"person_id,person_id\n", "duplicate column"),
        ],
    )
    def test_a_file_of_another_form_is_refused_whole(
        self,
        session: Session,
        manager: tuple[Principal, Organization],
        members: list[UUID],
        now: datetime,
        content: bytes,
        code: str,
    ) -> None:
        principal, organization = manager
        import_rows(session, principal, organization, members, now)
        with pytest.raises(ImportRefusedError, match=code):
            import_list(session, principal, organization, content, now)
        assert people_on_list(session, organization) == set(members)

    def test_an_erased_or_former_member_gets_no_access(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        erase_person(session, SYSTEM_PRINCIPAL, person_id=members[0], now=now)
        report = import_rows(session, principal, organization, members[:2], now)
        assert report.added_person_ids == (members[1],)
        assert [(f.line, f.code) for f in report.findings] == [(1, "unknown_person")]

    def test_another_organizations_list_stays_as_it_is(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        other_principal, other = create_manager(session)
        theirs = create_member(session, other).person_id
        import_rows(session, other_principal, other, [theirs], now)
        report = import_rows(session, principal, organization, [*members, theirs], now)
        assert [f.code for f in report.findings] == ["unknown_person"]
        assert people_on_list(session, other) == {theirs}


class TestUndoImport:
    """Each import in a transaction of its own, as they come."""

    def test_an_import_can_be_taken_back_after_the_later_ones(self, committed_engine: Engine, now: datetime) -> None:
        with unit_of_work(committed_engine) as session:
            principal, organization = create_manager(session)
            members = [create_member(session, organization).person_id for _ in range(6)]
        imports = []
        for people in (members[:5], members[1:]):
            with unit_of_work(committed_engine) as session:
                imports.append(import_rows(session, principal, organization, people, now).import_id)
        first, second = imports
        assert first is not None
        assert second is not None
        with unit_of_work(committed_engine) as session, pytest.raises(ConflictError, match="later import"):
            undo_import(session, SYSTEM_PRINCIPAL, import_id=first, now=now)
        for import_id, left in ((second, set(members[:5])), (first, set[UUID]())):
            with unit_of_work(committed_engine) as session:
                undo_import(session, SYSTEM_PRINCIPAL, import_id=import_id, now=now)
            with read_only_session(committed_engine) as session:
                assert people_on_list(session, organization) == left

    def test_what_was_given_again_cannot_be_put_back_twice(
        self, session: Session, manager: tuple[Principal, Organization], members: list[UUID], now: datetime
    ) -> None:
        principal, organization = manager
        import_rows(session, principal, organization, members, now)
        second = import_rows(session, principal, organization, members[1:], now)
        access.grant_access(
            session,
            principal,
            organization_id=organization.id,
            person_id=members[0],
            action=ACTION,
            source="warehouse",
            now=now,
        )
        assert second.import_id is not None
        with pytest.raises(ConflictError, match="given the access again"):
            undo_import(session, SYSTEM_PRINCIPAL, import_id=second.import_id, now=now)
