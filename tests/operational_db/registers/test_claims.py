"""Claiming a register entry with proof: who may, what it changes, that later register changes follow, and one wins."""

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from operational_db.credentials.service import certificates_of
from operational_db.database import unit_of_work
from operational_db.documents.service import add_document
from operational_db.documents.store import FileStore
from operational_db.errors import ConflictError, DomainError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import SYSTEM_PRINCIPAL, Principal
from operational_db.imports.service import LicenceRequest, run_licence_import, undo_import
from operational_db.paging import PageRequest
from operational_db.registers import service
from operational_db.tables.credentials import Certificate, RegisterClaim, RegisterEntry
from operational_db.tables.identity import Membership, Organization
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import RegisterStanding, Role, VerificationStatus
from tests.operational_db.documents.sample_files import PDF
from tests.operational_db.imports.test_licences import HEADER
from tests.operational_db.principals import create_manager, create_member

LICENCE = "0aaa1111bbbb2222"
ROWS = "".join(
    f"{n}aaa1111bbbb2222,Sole Owner,X,CA,90000,,2001-05-02,2027-05-31,2026-05-01,C-11,CLEAR\n" for n in range(6)
)


class Company:
    """A company with a manager and two technicians, a register of six licences, and documents."""

    def __init__(self, engine: Engine, tmp_path: Path, now: datetime) -> None:
        self.engine, self.tmp_path, self.now = engine, tmp_path, now
        self.store = FileStore(tmp_path / "files", largest_bytes=10_000, largest_document_bytes=5_000)
        self.load(ROWS)
        with unit_of_work(engine) as session:
            self.manager, self.organization = create_manager(session)
            self.technician = create_member(session, self.organization)
            self.second = create_member(session, self.organization)

    def load(self, rows: str, **options: str) -> UUID | None:
        path = self.tmp_path / "register.csv"
        path.write_text(HEADER + rows)
        request = LicenceRequest(file=path, **options)  # type: ignore[arg-type]  # as the request's fields
        return run_licence_import(self.engine, SYSTEM_PRINCIPAL, request, is_dry_run=False, now=self.now).import_id

    def document(self, person: Principal) -> UUID:
        with unit_of_work(self.engine) as session:
            return add_document(
                session, person, self.store, person_id=person.person_id, file_name="l.pdf", content=PDF, now=self.now
            ).id

    def claim(self, person: Principal, by: Principal | None = None, document_id: UUID | None = None) -> UUID:
        document_id = document_id or self.document(person)
        with unit_of_work(self.engine) as session:
            (claim,) = service.claim_entry(
                session,
                by or person,
                register="cslb",
                licence_number=LICENCE,
                document_id=document_id,
                person_id=person.person_id,
                now=self.now,
            )
            return claim.id

    def decide(self, claim_id: UUID, by: Principal | None = None, *, reason: str | None = None) -> None:
        with unit_of_work(self.engine) as session:
            service.decide_claim(
                session, by or self.manager, claim_id=claim_id, is_approved=reason is None, reason=reason, now=self.now
            )

    def held(self, person_id: UUID) -> list[Certificate]:
        with Session(self.engine) as session:
            return list(session.scalars(select(Certificate).where(Certificate.person_id == person_id)).all())

    def entry(self) -> RegisterEntry:
        with Session(self.engine) as session:
            statement = select(RegisterEntry).where(RegisterEntry.external_id == f"{LICENCE}|C-11")
            return session.scalars(statement).one()

    def events(self, prefix: str) -> list[tuple[str, UUID | None]]:
        with Session(self.engine) as session:
            rows = session.execute(
                select(LedgerEvent.kind, LedgerEvent.subject_id)
                .where(LedgerEvent.kind.startswith(prefix))
                .order_by(LedgerEvent.id)
            )
            return [(kind, subject) for kind, subject in rows]


@pytest.fixture
def company(committed_engine: Engine, tmp_path: Path, now: datetime) -> Company:
    return Company(committed_engine, tmp_path, now)


class TestClaim:
    @pytest.mark.requirement("CRT-03")
    def test_an_approved_claim_makes_the_licence_count_for_the_claimant_alone(self, company: Company) -> None:
        holder_id = company.entry().person_id
        company.decide(company.claim(company.technician))
        (own,) = company.held(company.technician.person_id)
        (former,) = company.held(holder_id)
        assert (own.issued_on, own.expires_on, own.first_earned_on) == (
            date(2001, 5, 2), date(2027, 5, 31), date(2001, 5, 2),
        )  # fmt: skip
        assert (own.verification_status, own.register_entry_id) == (VerificationStatus.VERIFIED, company.entry().id)
        assert former.withdrawn_at == company.now
        assert company.entry().claimed_by_id == company.technician.person_id
        told = company.events("certificate.")[6:] + company.events("register.")
        assert told == [
            ("certificate.issued", company.technician.person_id),
            ("certificate.withdrawn", holder_id),
            ("register.entry_claimed", company.technician.person_id),
        ]

    def test_what_the_register_says_later_applies_to_the_claimant(self, company: Company) -> None:
        company.decide(company.claim(company.technician))
        first = ROWS.splitlines(keepends=True)[0]
        renewed = first.replace("2027-05-31,2026-05-01", "2029-05-31,2026-09-01")
        company.load(ROWS.replace(first, renewed))
        held = company.held(company.technician.person_id)
        assert sorted(str(c.expires_on) for c in held) == ["2027-05-31", "2029-05-31"]
        assert len(company.held(company.entry().person_id)) == 1
        company.load(ROWS.replace(first, renewed.replace("2026-09-01,C-11,CLEAR", "2026-09-20,C-11,REVOKED")))
        revoked = [c for c in company.held(company.technician.person_id) if c.revoked_at is not None]
        assert [(c.expires_on, c.revoked_from) for c in revoked] == [(date(2029, 5, 31), date(2026, 9, 20))]
        assert company.events("certificate.revoked")[-1][1] == company.technician.person_id
        assert company.events("register.entry_changed")[-1][1] == company.technician.person_id

    def test_repeating_the_import_after_a_claim_changes_nothing(self, company: Company) -> None:
        company.decide(company.claim(company.technician))
        before = company.events("")
        company.load(ROWS)
        assert company.events("") == before

    def test_an_import_that_somebody_claimed_from_is_not_undone(
        self, committed_engine: Engine, company: Company
    ) -> None:
        first = company.load(ROWS.replace("C-11", "C-11|C-10").replace("2026-05-01", "2026-05-02"))
        assert first is not None
        with unit_of_work(committed_engine) as session:
            claims = service.claim_entry(
                session,
                company.technician,
                register="cslb",
                licence_number=LICENCE,
                document_id=company.document(company.technician),
                person_id=company.technician.person_id,
                now=company.now,
            )
            ids = [claim.id for claim in claims]
        assert len(ids) == 2
        for claim_id in ids:
            company.decide(claim_id)
        with pytest.raises(ConflictError, match="register_claims"), unit_of_work(committed_engine) as session:
            undo_import(session, SYSTEM_PRINCIPAL, import_id=first, now=company.now)

    def test_a_certificate_she_reported_herself_is_verified_instead_of_a_second_one(
        self, committed_engine: Engine, company: Company
    ) -> None:
        with unit_of_work(committed_engine) as session:
            certification_id = company.entry().certification_id
            session.add(
                Certificate(
                    person_id=company.technician.person_id,
                    certification_id=certification_id,
                    issued_on=date(2001, 5, 2),
                    first_earned_on=date(2001, 5, 2),
                    expires_on=date(2027, 5, 31),
                    verification_status=VerificationStatus.UNVERIFIED,
                    earned_through="external",
                )
            )
        company.decide(company.claim(company.technician))
        (own,) = company.held(company.technician.person_id)
        assert (own.verification_status, own.register_entry_id) == (VerificationStatus.VERIFIED, company.entry().id)
        assert "certificate.verified" in {kind for kind, _ in company.events("certificate.")}

    def test_a_pseudonymous_technician_leaves_the_company_with_her_last_licence(
        self, committed_engine: Engine, company: Company
    ) -> None:
        with unit_of_work(committed_engine) as session:
            slug = session.get_one(Organization, company.organization.id).slug
        company.load(ROWS, organization_slug=slug)
        company.decide(company.claim(company.technician))
        with Session(committed_engine) as session:
            left = session.scalars(select(Membership).where(Membership.ended_on.is_not(None))).all()
            assert [(m.person_id, m.ended_on) for m in left] == [(company.entry().person_id, company.now.date())]
        assert company.events("membership.ended") == [("membership.ended", company.entry().person_id)]

    def test_claiming_again_returns_the_open_claim_and_another_document_has_to_wait(self, company: Company) -> None:
        document_id = company.document(company.technician)
        claim_id = company.claim(company.technician, document_id=document_id)
        assert company.claim(company.technician, document_id=document_id) == claim_id
        with unit_of_work(company.engine) as session:
            other = add_document(
                session, company.technician, company.store, person_id=company.technician.person_id,
                file_name="m.pdf", content=PDF.replace(b"1.7", b"1.6"), now=company.now,
            ).id  # fmt: skip
        with pytest.raises(ConflictError, match="another document"):
            company.claim(company.technician, document_id=other)

    def test_an_unknown_number_a_revoked_licence_and_one_of_hers_are_refused(self, company: Company) -> None:
        document_id = company.document(company.technician)

        def claim(number: str) -> None:
            with unit_of_work(company.engine) as session:
                service.claim_entry(
                    session, company.technician, register="cslb", licence_number=number, document_id=document_id,
                    person_id=company.technician.person_id, now=company.now,
                )  # fmt: skip

        with pytest.raises(NotFoundError, match="no licence"):
            claim("unknown")
        second = ROWS.splitlines(keepends=True)[1]
        company.load(ROWS.replace(second, second.replace("2026-05-01,C-11,CLEAR", "2026-09-01,C-11,REVOKED")))
        with pytest.raises(ConflictError, match="revoked"):
            claim("1aaa1111bbbb2222")
        company.decide(company.claim(company.technician, document_id=document_id))
        with pytest.raises(ConflictError, match="already"):
            claim(LICENCE)
        with pytest.raises(ConflictError, match="Somebody else"):
            company.claim(company.second)


class TestRights:
    def test_only_she_and_who_may_verify_for_her_claim(self, company: Company) -> None:
        with unit_of_work(company.engine) as session:
            outsider, _ = create_manager(session)
        document_id = company.document(company.technician)
        for stranger in (outsider, company.second):
            with pytest.raises(NotFoundError):
                company.claim(company.technician, by=stranger, document_id=document_id)
        with pytest.raises(NotFoundError):
            company.claim(company.second, document_id=document_id)
        assert company.claim(company.technician, by=company.manager, document_id=document_id)

    def test_the_queue_and_the_decision_are_for_who_may_verify_in_her_company(self, company: Company) -> None:
        claim_id = company.claim(company.technician)
        with unit_of_work(company.engine) as session:
            outsider, _ = create_manager(session)
            supervisor = create_member(session, company.organization, Role.SUPERVISOR)
        on, page = company.now.date(), PageRequest()
        with Session(company.engine) as session:
            queued = service.queue(session, company.manager, company.organization.id, on=on, page=page)
            assert [(view.claim_id, view.person_id, view.document_name) for view in queued.items] == [
                (claim_id, company.technician.person_id, "l.pdf")
            ]
            for stranger in (outsider, supervisor, company.technician):
                with pytest.raises(NotAuthorizedError):
                    service.queue(session, stranger, company.organization.id, on=on, page=page)
            with pytest.raises(NotAuthorizedError):
                service.queue(session, company.manager, None, on=on, page=page)
            assert service.queue(session, SYSTEM_PRINCIPAL, None, on=on, page=page).total == 1
            assert [view.claim_id for view in service.my_claims(session, company.technician)] == [claim_id]
            assert service.my_claims(session, company.second) == []
        for stranger in (outsider, supervisor, company.second):
            with pytest.raises(NotFoundError):
                company.decide(claim_id, by=stranger)
        with pytest.raises(NotAuthorizedError, match="her own"):
            company.decide(claim_id, by=company.technician)
        own = company.claim(company.manager)
        with pytest.raises(NotAuthorizedError, match="her own"):
            company.decide(own)

    def test_a_refusal_says_why_and_the_licence_stays(self, company: Company) -> None:
        claim_id = company.claim(company.technician)
        with pytest.raises(InvalidInputError, match="Say why"):
            company.decide(claim_id, reason=" ")
        company.decide(claim_id, reason="The name differs.")
        company.decide(claim_id, reason="The name differs.")
        assert company.held(company.technician.person_id) == []
        assert company.entry().claimed_by_id is None
        with pytest.raises(ConflictError, match="decided before"):
            company.decide(claim_id)
        company.decide(company.claim(company.technician))
        assert company.entry().claimed_by_id == company.technician.person_id


class TestFlagged:
    def test_a_company_sees_what_is_wrong_with_its_members_licences(self, company: Company) -> None:
        company.decide(company.claim(company.technician))
        first = ROWS.splitlines(keepends=True)[0]
        company.load(ROWS.replace(first, first.replace("2026-05-01,C-11,CLEAR", "2026-09-01,C-11,SUSPENDED")))
        on, page = company.now.date(), PageRequest()
        with Session(company.engine) as session:
            flagged = service.flagged_entries(
                session, company.manager, company.organization.id, standing=None, on=on, page=page
            )
            assert [(e.standing, e.subject_id, e.licence_number) for e in flagged.items] == [
                (RegisterStanding.SUSPENDED, company.technician.person_id, LICENCE)
            ]
            with pytest.raises(NotAuthorizedError):
                service.flagged_entries(
                    session, company.technician, company.organization.id, standing=None, on=on, page=page
                )
            (seen,) = service.entries_of_licence(session, register="cslb", licence_number=LICENCE)
            assert (seen.is_claimed, seen.subject_id) == (True, None)


class TestAtOnce:
    def test_of_two_claims_approved_at_once_one_wins(self, company: Company) -> None:
        claims = [company.claim(person) for person in (company.technician, company.second)]
        barrier = threading.Barrier(2)
        outcomes: list[str] = []

        def decide(claim_id: UUID) -> None:
            barrier.wait(timeout=60)
            try:
                company.decide(claim_id)
                outcomes.append("won")
            except DomainError as error:
                outcomes.append(error.code)

        _together([lambda claim_id=claim_id: decide(claim_id) for claim_id in claims])  # type: ignore[misc]  # bound
        assert sorted(outcomes) == ["conflict", "won"]
        winner = company.entry().claimed_by_id
        held = {p.person_id: len(company.held(p.person_id)) for p in (company.technician, company.second)}
        assert sorted(held.values()) == [0, 1]
        assert held[winner] == 1 if winner else False
        with Session(company.engine) as session:
            decisions = session.execute(select(RegisterClaim.person_id, RegisterClaim.is_approved)).all()
        assert {person_id: approved for person_id, approved in decisions} == {
            person.person_id: person.person_id == winner for person in (company.technician, company.second)
        }
        assert [kind for kind, _ in company.events("register.")] == ["register.entry_claimed"]

    def test_an_import_and_a_decision_at_once_leave_one_current_certificate(self, company: Company) -> None:
        claim_id = company.claim(company.technician)
        first = ROWS.splitlines(keepends=True)[0]
        renewed = ROWS.replace(first, first.replace("2027-05-31,2026-05-01", "2029-05-31,2026-09-01"))
        barrier = threading.Barrier(2)

        def decide() -> None:
            barrier.wait(timeout=60)
            company.decide(claim_id)

        def load() -> None:
            barrier.wait(timeout=60)
            company.load(renewed)

        _together([decide, load])
        with Session(company.engine) as session:
            entry = company.entry()
            mine = certificates_of(
                session, company.technician, person_id=company.technician.person_id, on=company.now.date()
            )
            assert date(2029, 5, 31) in {view.expires_on for view in mine}
            counting = session.scalars(
                select(Certificate.person_id).where(
                    Certificate.register_entry_id == entry.id,
                    Certificate.withdrawn_at.is_(None),
                    Certificate.expires_on == date(2029, 5, 31),
                )
            ).all()
            assert counting == [company.technician.person_id]


def _together(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)


def test_a_simulated_year_of_the_register(company: Company) -> None:
    """Suspended, cleared, vanished and back: what the claimant holds stays whole, and everything was told to her."""
    company.decide(company.claim(company.technician))
    first = ROWS.splitlines(keepends=True)[0]
    for month, status in ((6, "SUSPENDED"), (7, "CLEAR"), (8, "")):
        changed = first.replace("2026-05-01,C-11,CLEAR", f"2026-{month:02}-01,C-11,{status}") if status else ""
        company.now += timedelta(days=1)
        company.load(ROWS.replace(first, changed))
    (own,) = company.held(company.technician.person_id)
    assert (own.verification_status, own.revoked_at, own.withdrawn_at) == (VerificationStatus.VERIFIED, None, None)
    assert company.entry().standing is RegisterStanding.MISSING
    subjects = {subject for _, subject in company.events("register.entry_changed")}
    assert subjects == {company.technician.person_id}
    assert len(company.events("register.entry_changed")) == 3
