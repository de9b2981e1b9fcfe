"""People, organizations, teams, memberships, tokens and principals, with events, and what strangers are told."""

import hashlib
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.database import unit_of_work
from operational_db.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthorizedError,
    NotFoundError,
    NotSignedInError,
)
from operational_db.identity import service
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Grant, Principal
from operational_db.ledger.sequence import sequence_pending
from operational_db.ledger.verify import verify_ledger
from operational_db.paging import PageRequest
from operational_db.tables.catalog import AutoAssignment, CourseReview
from operational_db.tables.compliance import AssignmentRecipient
from operational_db.tables.identity import ApiToken, Membership, Organization, Person
from operational_db.types import OrganizationKind, Persona, Role, new_id
from tests import builders
from tests.operational_db.principals import (
    body_of,
    create_manager,
    create_member,
    events_about,
    kinds_about,
    principal_of,
)

WEEK = timedelta(days=7)


@pytest.fixture
def company(session: Session) -> Organization:
    return builders.create_organization(session)


@pytest.fixture
def manager(session: Session, company: Organization) -> Principal:
    return create_member(session, company, Role.COMPANY_MANAGER)


@pytest.fixture
def stranger(session: Session) -> Principal:
    """The manager of another company."""
    return create_manager(session)[0]


@pytest.fixture
def administrator(session: Session) -> Principal:
    platform = builders.create_organization(session, OrganizationKind.PLATFORM)
    return create_member(session, platform, Role.PLATFORM_ADMIN)


class TestPeopleAndOrganizations:
    def test_a_manager_registers_a_person_with_a_normal_address(
        self, session: Session, manager: Principal, now: datetime
    ) -> None:
        person = service.create_person(
            session, manager, display_name="  Ana Lift ", email=" Ana@Example.ORG", timezone="America/New_York", now=now
        )
        assert (person.display_name, person.email) == ("Ana Lift", "ana@example.org")

    def test_an_address_stands_for_one_person(self, session: Session, manager: Principal, now: datetime) -> None:
        service.create_person(session, manager, display_name="Ana", email="ana@example.org", now=now)
        with pytest.raises(ConflictError, match="another address"):
            service.create_person(session, manager, display_name="Anna", email="ANA@example.org", now=now)

    @pytest.mark.parametrize(
        ("name", "email", "timezone"),
        [(" ", None, "UTC"), ("Ana", "ana", "UTC"), ("Ana", "a na@example.org", "UTC"), ("Ana", None, "Mars/Olympus")],
    )
    def test_what_means_nothing_is_refused(
        self, session: Session, manager: Principal, now: datetime, name: str, email: str | None, timezone: str
    ) -> None:
        with pytest.raises(InvalidInputError):
            service.create_person(session, manager, display_name=name, email=email, timezone=timezone, now=now)

    def test_a_technician_registers_nobody(self, session: Session, company: Organization, now: datetime) -> None:
        with pytest.raises(NotAuthorizedError):
            service.create_person(session, create_member(session, company), display_name="Ana", now=now)

    def test_only_the_platform_registers_organizations(
        self, session: Session, manager: Principal, administrator: Principal, now: datetime
    ) -> None:
        kind = OrganizationKind.SERVICE_COMPANY
        with pytest.raises(NotAuthorizedError):
            service.create_organization(session, manager, name="Lifts & Sons", kind=kind, now=now)
        made = service.create_organization(session, administrator, name="Lifts & Sons", kind=kind, now=now)
        assert made.slug == "lifts-sons"
        with pytest.raises(ConflictError, match="lifts-sons"):
            service.create_organization(session, SYSTEM_PRINCIPAL, name="Lifts, Sons", kind=kind, now=now)

    def test_teams_are_the_managers_own_and_named_once(
        self, session: Session, manager: Principal, stranger: Principal, company: Organization, now: datetime
    ) -> None:
        service.create_team(session, manager, organization_id=company.id, name="North", now=now)
        with pytest.raises(ConflictError, match="North"):
            service.create_team(session, manager, organization_id=company.id, name=" North ", now=now)
        with pytest.raises(NotAuthorizedError):
            service.create_team(session, stranger, organization_id=company.id, name="South", now=now)
        with pytest.raises(NotAuthorizedError):
            service.list_teams(session, stranger, organization_id=company.id, on=now.date())
        (team,) = service.list_teams(session, manager, organization_id=company.id, on=now.date())
        assert (team.name, team.member_count) == ("North", 0)


class TestMembership:
    def start(
        self,
        session: Session,
        principal: Principal,
        person: Person,
        organization: Organization,
        now: datetime,
        role: Role = Role.TECHNICIAN,
        started_on: date | None = None,
    ) -> Membership:
        return service.start_membership(
            session,
            principal,
            person_id=person.id,
            organization_id=organization.id,
            role=role,
            started_on=started_on or now.date(),
            now=now,
        )

    def test_it_starts_and_ends_with_events(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        person = builders.create_person(session)
        team = builders.create_team(session, company)
        membership = service.start_membership(
            session,
            manager,
            person_id=person.id,
            organization_id=company.id,
            role=Role.TECHNICIAN,
            team_id=team.id,
            persona=Persona.OPERATIONS,
            started_on=now.date(),
            now=now,
        )
        service.end_membership(session, manager, membership_id=membership.id, ended_on=now.date() + WEEK, now=now)
        started, ended = events_about(session, person.id)
        assert body_of(started) == {
            "membership_id": str(membership.id),
            "role": "technician",
            "team_id": str(team.id),
            "persona": "operations",
            "started_on": "2026-11-02",
        }
        assert body_of(ended) == {"membership_id": str(membership.id), "ended_on": "2026-11-09"}
        assert {started.organization_id, ended.organization_id} == {company.id}
        with pytest.raises(ConflictError, match="2026-11-09"):
            service.end_membership(session, manager, membership_id=membership.id, ended_on=now.date(), now=now)

    def test_it_cannot_end_before_it_started(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        membership = self.start(session, manager, builders.create_person(session), company, now)
        with pytest.raises(InvalidInputError):
            service.end_membership(
                session, manager, membership_id=membership.id, ended_on=now.date() - timedelta(days=1), now=now
            )

    @pytest.mark.parametrize(("days", "is_refused"), [(-1, True), (0, False), (1, False)])
    def test_a_role_is_held_once_at_a_time(
        self,
        session: Session,
        manager: Principal,
        company: Organization,
        now: datetime,
        days: int,
        is_refused: bool,
    ) -> None:
        person = builders.create_person(session)
        ended_on = now.date()
        builders.create_membership(session, person, company, ended_on=ended_on)
        started_on = ended_on + timedelta(days=days)
        if is_refused:
            with pytest.raises(ConflictError, match="End that membership first"):
                self.start(session, manager, person, company, now, started_on=started_on)
        else:
            assert self.start(session, manager, person, company, now, started_on=started_on).ended_on is None
        self.start(session, manager, person, company, now, role=Role.MENTOR, started_on=started_on)

    def test_another_companys_manager_may_neither_start_nor_end_it(
        self, session: Session, manager: Principal, stranger: Principal, company: Organization, now: datetime
    ) -> None:
        person = builders.create_person(session)
        with pytest.raises(NotAuthorizedError):
            self.start(session, stranger, person, company, now)
        membership = self.start(session, manager, person, company, now)
        with pytest.raises(NotAuthorizedError):
            service.end_membership(session, stranger, membership_id=membership.id, ended_on=now.date(), now=now)
        assert membership.ended_on is None

    def test_taking_in_anothers_employee_is_the_platforms_business(
        self,
        session: Session,
        manager: Principal,
        administrator: Principal,
        company: Organization,
        now: datetime,
    ) -> None:
        person = builders.create_membership(session).person_id
        employee = session.get_one(Person, person)
        with pytest.raises(NotAuthorizedError, match="belongs to another organization"):
            self.start(session, manager, employee, company, now)
        assert self.start(session, administrator, employee, company, now).organization_id == company.id
        assert self.start(session, manager, employee, company, now, role=Role.MENTOR).role is Role.MENTOR

    def test_platform_roles_are_not_given_in_companies(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        with pytest.raises(InvalidInputError, match="platform"):
            self.start(session, manager, builders.create_person(session), company, now, role=Role.PLATFORM_ADMIN)

    def test_the_team_is_one_of_the_organizations_own(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        with pytest.raises(NotFoundError):
            service.start_membership(
                session,
                manager,
                person_id=builders.create_person(session).id,
                organization_id=company.id,
                role=Role.TECHNICIAN,
                team_id=builders.create_team(session).id,
                started_on=now.date(),
                now=now,
            )

    @pytest.mark.requirement("CMP-05")
    def test_a_newcomer_is_assigned_what_newcomers_are(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        for_all, for_mentors = builders.create_course(session), builders.create_course(session)
        session.add_all(
            [
                AutoAssignment(organization_id=company.id, course_id=for_all.id, role=None, due_within_days=10),
                AutoAssignment(organization_id=company.id, course_id=for_mentors.id, role="mentor", due_within_days=5),
            ]
        )
        session.flush()
        person = builders.create_person(session)
        self.start(session, manager, person, company, now)
        recipients = session.scalars(select(AssignmentRecipient).where(AssignmentRecipient.person_id == person.id))
        assert [recipient.due_on for recipient in recipients] == [date(2026, 11, 12)]
        assert kinds_about(session, person.id) == ["membership.started", "training.assigned"]

    def test_members_are_listed_searched_and_paged_for_their_own_manager_only(
        self, session: Session, manager: Principal, stranger: Principal, company: Organization, now: datetime
    ) -> None:
        for name in ("Bea", "Ana", "Ben_1"):
            builders.create_membership(session, builders.create_person(session, display_name=name), company)
        create_member(session, company, ended_on=now.date())
        today = now.date()
        listed = service.list_members(
            session,
            manager,
            organization_id=company.id,
            on=today,
            role=Role.TECHNICIAN,
            page=PageRequest(number=1, size=2),
        )
        assert ([member.display_name for member in listed.items], listed.total, listed.page_count) == (
            ["Ana", "Bea"],
            3,
            2,
        )
        found = service.list_members(session, manager, organization_id=company.id, on=today, search="n_")
        assert [member.display_name for member in found.items] == ["Ben_1"]
        with pytest.raises(NotAuthorizedError):
            service.list_members(session, stranger, organization_id=company.id, on=today)


class TestErasure:
    def test_everything_that_names_her_goes_and_the_ledger_still_verifies(
        self, committed_engine: Engine, now: datetime
    ) -> None:
        with unit_of_work(committed_engine) as session:
            company = builders.create_organization(session)
            person = service.create_person(
                session, SYSTEM_PRINCIPAL, display_name="Ana Lift", email="ana@example.org", oidc_subject="ana", now=now
            )
            service.start_membership(
                session,
                SYSTEM_PRINCIPAL,
                person_id=person.id,
                organization_id=company.id,
                role=Role.TECHNICIAN,
                started_on=now.date() - WEEK,
                now=now - WEEK,
            )
            herself = service.principal_for(session, person.id, on=now.date())
            secret = service.mint_token(session, herself, person.id, "phone", WEEK, now)
            course = builders.create_course(session)
            session.add(CourseReview(course_id=course.id, person_id=person.id, rating=5, comment="Ana was here"))
        sequence_pending(committed_engine, now=now)
        with unit_of_work(committed_engine) as session:
            service.erase_person(session, herself, person_id=person.id, now=now)
            service.erase_person(session, SYSTEM_PRINCIPAL, person_id=person.id, now=now)
        sequence_pending(committed_engine, now=now)
        with unit_of_work(committed_engine) as session:
            erased = session.get_one(Person, person.id)
            assert (erased.display_name, erased.email, erased.oidc_subject) == (service.ERASED_NAME, None, None)
            assert erased.erased_at == now
            assert session.scalars(select(CourseReview.comment)).one() is None
            assert kinds_about(session, person.id) == ["membership.started", "membership.ended", "person.erased"]
            assert session.scalars(select(Membership.ended_on)).one() == now.date()
            with pytest.raises(NotSignedInError):
                service.principal_for_token(session, secret, now=now)
            with pytest.raises(NotFoundError):
                service.principal_for(session, person.id, on=now.date())
            with pytest.raises(ConflictError):
                service.mint_token(session, SYSTEM_PRINCIPAL, person.id, "again", WEEK, now)
        report = verify_ledger(committed_engine)
        assert report.is_intact
        assert report.tree_size == 3

    def test_a_manager_erases_nobody(
        self, session: Session, manager: Principal, stranger: Principal, company: Organization, now: datetime
    ) -> None:
        member = create_member(session, company)
        for principal in (manager, stranger):
            with pytest.raises(NotAuthorizedError):
                service.erase_person(session, principal, person_id=member.person_id, now=now)


class TestTokens:
    def test_a_token_stands_for_its_person_until_it_expires(
        self, session: Session, manager: Principal, company: Organization, now: datetime
    ) -> None:
        secret = service.mint_token(session, manager, manager.person_id, "reports", WEEK, now)
        almost = now + WEEK - timedelta(seconds=1)
        principal = service.principal_for_token(session, secret, now=almost)
        assert principal.person_id == manager.person_id
        assert principal.grants == {Grant(company.id, Role.COMPANY_MANAGER)}
        with pytest.raises(NotSignedInError):
            service.principal_for_token(session, secret, now=now + WEEK)

    def test_the_secret_is_kept_nowhere(self, session: Session, manager: Principal, now: datetime) -> None:
        secret = service.mint_token(session, manager, manager.person_id, "reports", WEEK, now)
        token = session.scalars(select(ApiToken)).one()
        assert token.token_sha256 == hashlib.sha256(secret.encode()).digest()
        assert secret not in repr(service.list_tokens(session, manager, person_id=manager.person_id))

    def test_a_revoked_token_stands_for_nobody(
        self, session: Session, manager: Principal, stranger: Principal, now: datetime
    ) -> None:
        secret = service.mint_token(session, manager, manager.person_id, "reports", WEEK, now)
        (token,) = service.list_tokens(session, manager, person_id=manager.person_id)
        with pytest.raises(NotFoundError):
            service.revoke_token(session, stranger, token_id=token.token_id, now=now)
        service.revoke_token(session, manager, token_id=token.token_id, now=now)
        again = service.revoke_token(session, manager, token_id=token.token_id, now=now + WEEK)
        assert again.revoked_at == now
        with pytest.raises(NotSignedInError):
            service.principal_for_token(session, secret, now=now)

    def test_tokens_are_minted_and_listed_for_oneself_or_by_administrators(
        self, session: Session, manager: Principal, stranger: Principal, administrator: Principal, now: datetime
    ) -> None:
        with pytest.raises(NotAuthorizedError):
            service.mint_token(session, stranger, manager.person_id, "theft", WEEK, now)
        with pytest.raises(NotAuthorizedError):
            service.list_tokens(session, stranger, person_id=manager.person_id)
        assert service.mint_token(session, administrator, manager.person_id, "help", WEEK, now).startswith("sst_")

    @pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1), timedelta(days=366, seconds=1)])
    def test_a_lifetime_is_short_and_ahead(
        self, session: Session, manager: Principal, now: datetime, lifetime: timedelta
    ) -> None:
        with pytest.raises(InvalidInputError):
            service.mint_token(session, manager, manager.person_id, "reports", lifetime, now)

    def test_an_unknown_token_stands_for_nobody(self, session: Session, now: datetime) -> None:
        with pytest.raises(NotSignedInError, match="Mint a new one"):
            service.principal_for_token(session, "sst_nothing", now=now)


class TestPrincipals:
    @pytest.mark.parametrize(("days", "is_member"), [(-1, False), (0, True), (6, True), (7, False)])
    def test_memberships_count_from_the_first_day_up_to_the_last_excluded(
        self, session: Session, company: Organization, now: datetime, days: int, is_member: bool
    ) -> None:
        member = create_member(session, company, started_on=now.date(), ended_on=now.date() + WEEK)
        principal = service.principal_for(session, member.person_id, on=now.date() + timedelta(days=days))
        assert (company.id in principal.organization_ids) is is_member

    def test_an_identity_providers_account_is_bound_by_its_verified_address_once(
        self, session: Session, now: datetime
    ) -> None:
        person = builders.create_person(session, email="ana@example.org")
        today = now.date()
        with pytest.raises(NotSignedInError):
            service.principal_for_oidc_subject(session, "subject-1", on=today)
        bound = service.principal_for_oidc(session, subject="subject-1", verified_email="Ana@example.org", on=today)
        assert bound.person_id == person.id
        assert service.principal_for_oidc_subject(session, "subject-1", on=today).person_id == person.id
        with pytest.raises(NotSignedInError, match="another sign-in account"):
            service.principal_for_oidc(session, subject="subject-2", verified_email="ana@example.org", on=today)
        with pytest.raises(NotSignedInError, match="stands for nobody"):
            service.principal_for_oidc(session, subject="subject-3", verified_email=None, on=today)

    def test_the_local_sign_in_offers_simulated_people_of_every_role_and_no_real_ones(
        self, session: Session, company: Organization, now: datetime
    ) -> None:
        other = builders.create_organization(session)
        simulated = [
            builders.create_person(session, display_name=f"Sim {number}", is_simulated=True) for number in range(4)
        ]
        for person, organization in zip(simulated, (company, company, company, other), strict=True):
            builders.create_membership(session, person, organization)
        real = create_member(session, company, Role.COMPANY_MANAGER)
        choices = service.people_by_role(session, on=now.date(), per_role=2)
        assert {choice.role for choice in choices} == {Role.TECHNICIAN}
        assert {choice.organization_id for choice in choices} == {company.id, other.id}
        service.may_sign_in_locally(session, simulated[0].id)
        with pytest.raises(NotAuthorizedError, match="Only simulated people"):
            service.may_sign_in_locally(session, real.person_id)
        with pytest.raises(NotFoundError):
            service.may_sign_in_locally(session, new_id())

    def test_organizations_listed_are_ones_own(
        self, session: Session, manager: Principal, company: Organization, administrator: Principal
    ) -> None:
        builders.create_organization(session)
        assert [o.organization_id for o in service.list_organizations(session, manager)] == [company.id]
        assert len(service.list_organizations(session, administrator)) == 3
        nobody = principal_of(builders.create_person(session))
        assert service.list_organizations(session, nobody) == []
